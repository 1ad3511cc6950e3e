"""Every run predicted by the fit to the others."""

from __future__ import annotations

import numpy as np

from scalelaw.fit.bootstrap import refit
from scalelaw.fit.model import build
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import reduce_law
from scalelaw.fit.result import Fit

_BLOCK = 2_000_000
"""Refits times rows done together: 16 MB an array."""


def leave_one_out(fit: Fit) -> tuple[np.ndarray, int]:
    """Predict each run by the fit to all others.

    A run is left out by a weight of 0, so all refits go together, each from the optimum of all runs.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    array of shape (rows,)
        Losses, nats per token.
    int
        Refits that did not converge.

    Examples
    --------
    >>> import scalelaw as sl
    >>> fit = sl.fit("parscale", sl.load("parscale-pile"))
    >>> losses, failed = leave_one_out(fit)
    >>> print(f"{100 * np.abs(losses / fit.columns['loss'] - 1).mean():.3f} %", failed)
    0.135 % 0
    """
    settings, rows = fit.settings, fit.rows
    columns = {name: np.asarray(values, dtype=float) for name, values in fit.columns.items()}
    reduced = reduce_law(fit.law, settings)
    model = build(reduced.law, columns)
    target = np.log(columns["loss"]) if settings.log else columns["loss"]
    problem = Problem(model, target, settings.log, settings.solver_delta, fit.weights, settings.overestimate)
    optimum = model.coordinates.from_parameters(reduced.contract(fit.params))
    base = np.ones(rows) if fit.weights is None else fit.weights
    parts, failed = [], 0
    for left_out in np.array_split(np.arange(rows), -(-rows * rows // _BLOCK)):
        weights = np.repeat(base[None], len(left_out), 0)
        weights[np.arange(len(left_out)), left_out] = 0.0
        x, _, converged = refit(problem, optimum, weights)
        parts.append(reduced.expand(model.coordinates.to_parameters(x)))
        failed += int((~converged).sum())
    theta = np.concatenate(parts)
    losses = np.empty(rows)
    for row, values in enumerate(theta.tolist()):  # one by one: a user's law need not take arrays of parameters
        run = {name: columns[name][row : row + 1] for name in fit.law.columns}
        losses[row] = fit.law.predict(run, dict(zip(fit.law.parameters, values, strict=True)))[0]
    return losses, failed
