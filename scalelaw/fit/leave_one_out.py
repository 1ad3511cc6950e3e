"""Every run predicted by the fit to the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.fit.bootstrap import own_grid, refit
from scalelaw.fit.identified import identified
from scalelaw.fit.model import build
from scalelaw.fit.reduce import reduce_law
from scalelaw.fit.result import Fit

_BLOCK = 2_000_000
"""Refits times rows done together: 16 MB an array."""


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Runs predicted by fits without them.

    Attributes
    ----------
    losses : array of shape (rows,)
        Nats per token; NaN for a row of weight 0, and where the rest cannot determine the parameters.
    runs, undetermined, failed : int
        Runs left out, one after another; of these, runs without which the rest cannot determine the parameters; refits
        to the rest that did not converge.
    """

    losses: np.ndarray
    runs: int
    undetermined: int
    failed: int


def leave_one_out(fit: Fit, groups: np.ndarray | None = None) -> LeftOut:
    """Predict each run by the fit to all others.

    A run is left out by a weight of 0, so all refits go together, each from the optimum of all runs and, where the
    bootstrap would do so (fewer than 40 rows, or ``thorough``), from a start grid of its own. A refit is done only if
    the remaining rows determine the parameters (see `identified`): otherwise it would stay at the optimum of all runs,
    which has seen the run left out.

    Parameters
    ----------
    fit : Fit
    groups : array of int, shape (rows,), optional
        The run of each row, where rows are checkpoints of runs: they are left out together.

    Returns
    -------
    LeftOut

    Examples
    --------
    >>> import scalelaw as sl
    >>> fit = sl.fit("parscale", sl.load("parscale-pile"))
    >>> left = leave_one_out(fit)
    >>> print(f"{100 * np.abs(left.losses / fit.columns['loss'] - 1).mean():.3f} %", left.undetermined, left.failed)
    0.135 % 0 0
    """
    reduced = reduce_law(fit.law, fit.settings)
    columns = {name: np.asarray(values, dtype=float) for name, values in fit.columns.items()}
    problem = fit.settings.problem(build(reduced.law, columns), columns["loss"], fit.weights)
    coordinates = problem.model.coordinates
    optimum = coordinates.from_parameters(reduced.contract(fit.params))
    base = np.ones(fit.rows) if fit.weights is None else fit.weights
    groups = np.arange(fit.rows) if groups is None else groups
    left_out = np.unique(groups[base > 0])
    own = own_grid(reduced.law, fit.rows, thorough=fit.settings.thorough)
    losses = np.full(fit.rows, np.nan)
    undetermined = failed = 0
    for block in np.array_split(left_out, -(-len(left_out) * fit.rows // _BLOCK)):
        weights = base * (groups != block[:, None])
        known = identified(problem, optimum, weights)
        undetermined += int((~known).sum())
        if not known.any():
            continue
        x, _, converged = refit(problem, optimum, weights[known], own_grid=own)
        failed += int((~converged).sum())
        theta = reduced.expand(coordinates.to_parameters(x))
        for group, values in zip(block[known], theta.tolist(), strict=True):
            # one by one: a user's law need not take arrays of parameters
            rows = np.flatnonzero((groups == group) & (base > 0))
            run = {name: fit.columns[name][rows] for name in fit.law.columns}
            losses[rows] = fit.law.predict(run, dict(zip(fit.law.parameters, values, strict=True)))
    return LeftOut(losses, len(left_out), undetermined, failed)
