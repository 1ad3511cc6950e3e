"""Losses of a law under many parameter sets at once, and intervals of what is computed from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.intervals import interval
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

BLOCK = 1_000_000
"""Parameter sets times rows worked on at once: 8 MB an array."""
_HUGE = 1e290


def law_losses(law: Law, columns: Mapping[str, np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Losses (sets, rows) of columns that broadcast to that shape, under parameter sets (sets, parameters)."""
    values = [np.asarray(columns[name], dtype=float) for name in law.columns]
    shape = np.broadcast_shapes((len(theta), 1), *(value.shape for value in values))
    with np.errstate(all="ignore"):
        try:
            batch = law.fn(*values, **{name: theta[:, [j]] for j, name in enumerate(law.parameters)})
            return np.array(np.broadcast_to(batch, shape), dtype=float)
        except Exception:  # a law that takes no batch is called set by set, and then says itself what is wrong
            rows = zip(*(np.broadcast_to(value, shape) for value in values), theta.tolist(), strict=True)
            return np.array([law.fn(*row, **dict(zip(law.parameters, one, strict=True))) for *row, one in rows])


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
) -> tuple[np.ndarray, np.ndarray | None]:
    """A quantity at the fitted parameters, shape (rows,), and the ends (2, rows) of its interval if a level is given.

    ``quantity(theta, part)`` gives shape (sets, rows in part); it is asked for a part of the rows at a time. Infinite
    values take part in the interval, which is then open.
    """
    theta = parameter_sets(fit, draws=level is not None)
    block = max(1, BLOCK // len(theta))
    estimates, ends = [], []
    for begin in range(0, rows, block):
        values = quantity(theta, slice(begin, begin + block))
        estimates.append(values[0])
        if level is not None:
            both = interval(values[1:], np.minimum(values[0], 1e300), level=level, kind=kind)
            ends.append(np.where(both > _HUGE, np.inf, both))
    return np.concatenate(estimates), np.concatenate(ends, axis=1) if level is not None else None


def loss_and_ends(
    fit: Fit, columns: Mapping[str, np.ndarray], *, level: float | None, kind: str = "bc"
) -> tuple[np.ndarray, np.ndarray | None]:
    """Losses of columns of shape (rows,), and the ends (2, rows) of the interval of the mean."""

    def losses(theta: np.ndarray, part: slice) -> np.ndarray:
        return law_losses(fit.law, {name: values[part] for name, values in columns.items()}, theta)

    return estimate_and_ends(fit, losses, len(next(iter(columns.values()))), level=level, kind=kind)
