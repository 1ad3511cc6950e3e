"""Losses of a law under many parameter sets at once, and intervals of what is computed from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.ends import ends_without_draws, widened
from scalelaw.fit.intervals import WITHOUT_DRAWS, check_kind
from scalelaw.laws.grouped import COLUMN, GroupedFunction
from scalelaw.laws.law import Law
from scalelaw.runs import Columns, check_columns, take

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_BLOCK = 1_000_000
"""Parameter sets times rows worked on at once: 8 MB an array."""


def columns_to_predict(law: Law, runs: Any) -> Columns:
    """The law's columns of a table, or of a mapping of numbers and arrays that are broadcast to one length."""
    if isinstance(runs, Mapping):
        parts = {name: np.atleast_1d(np.asarray(value)) for name, value in runs.items() if name != "loss"}
        rows = max((len(part) for part in parts.values()), default=0)
        runs = {name: np.broadcast_to(part, (rows,)) if len(part) == 1 else part for name, part in parts.items()}
    else:
        runs = runs.drop(columns="loss", errors="ignore")
    columns = take(check_columns(runs, need=()), law.columns, where=f"law {law.name!r}")
    if isinstance(law.fn, GroupedFunction):
        columns[COLUMN] = law.fn.numbers(columns[COLUMN])
    return columns


def parameter_sets(fit: Fit, *, draws: bool) -> np.ndarray:
    """The fitted parameters in row 0 and, if wanted, every bootstrap draw after it; shape (1 or 1 + B, parameters)."""
    best = np.array([[fit.params[name] for name in fit.law.parameters]])
    return np.concatenate([best, fit.require_draws().theta]) if draws else best


def estimate_and_ends(
    fit: Fit,
    quantity: Callable[[np.ndarray, slice], np.ndarray],
    rows: int,
    *,
    level: float | None,
    kind: str = "bc",
    positive: bool = True,
) -> tuple[np.ndarray, np.ndarray | None]:
    """A quantity at the fitted parameters, shape (rows,), and the ends (2, rows) of its interval if a level is given.

    ``quantity(theta, part)`` gives shape (sets, rows in part); it is asked for a part of the rows at a time. Infinite
    values take part in an interval by draws, see `scalelaw.fit.intervals.interval`. ``positive`` is for the kinds
    without draws, see `Quantity`.

    Raises
    ------
    FitError
        If the level or the kind means nothing, or a level is given and the fit has no draws and the kind needs them.
    """
    check_kind(level, kind)
    if level is not None and kind in WITHOUT_DRAWS:
        every = slice(0, rows)
        ends = ends_without_draws(fit, lambda theta: quantity(theta, every), level=level, kind=kind, positive=positive)
        return quantity(parameter_sets(fit, draws=False), every)[0], ends
    theta = parameter_sets(fit, draws=level is not None)
    block = max(1, _BLOCK // len(theta))
    estimates, parts = [], []
    for begin in range(0, rows, block):
        values = quantity(theta, slice(begin, begin + block))
        estimates.append(values[0])
        if level is not None:
            parts.append(fit.require_draws().interval(values[1:], values[0], level=level, kind=kind))
    return np.concatenate(estimates), np.concatenate(parts, axis=1) if level is not None else None


def _new_errors(fit: Fit) -> np.ndarray:
    """Errors of a new run for the estimate, none, and for every draw; shape (1 + B, 1)."""
    from scalelaw.fit.derived import new_errors

    return np.concatenate([[0.0], new_errors(fit, len(fit.require_draws()))])[:, None]


def loss_and_ends(
    fit: Fit, columns: Mapping[str, np.ndarray], *, level: float | None, kind: str = "bc", new_run: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """Losses of columns of shape (rows,), and the ends (2, rows) of the interval of the mean or of a new run."""
    if new_run and level is None:
        raise FitError("new_run is about an interval; give its level, as in interval=0.95")
    check_kind(level, kind)
    by_draws = kind not in WITHOUT_DRAWS
    errors = _new_errors(fit) if new_run and by_draws and fit.draws is not None else None

    def losses(theta: np.ndarray, part: slice) -> np.ndarray:
        mean = law_losses(fit.law, {name: values[part] for name, values in columns.items()}, theta)
        if errors is None:
            return mean
        return mean * np.exp(errors) if fit.settings.log else mean + errors

    rows = len(next(iter(columns.values())))
    loss, ends = estimate_and_ends(fit, losses, rows, level=level, kind=kind, positive=fit.settings.log)
    if new_run and not by_draws and ends is not None and level is not None:
        ends = widened(fit, loss, ends, level)
    return loss, ends
