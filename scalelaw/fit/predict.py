"""Predictions of a fitted law with intervals for the mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.fit.intervals import interval
from scalelaw.laws.law import Law
from scalelaw.runs import Columns, check_columns, take

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_BLOCK = 4_000_000
"""Draws times rows evaluated at once: 32 MB an array."""


def columns_to_predict(law: Law, runs: Any) -> Columns:
    """The law's columns of a table, or of a mapping of numbers and arrays that are broadcast to one length."""
    if isinstance(runs, Mapping):
        parts = {name: np.atleast_1d(np.asarray(value)) for name, value in runs.items() if name != "loss"}
        rows = max((len(part) for part in parts.values()), default=0)
        runs = {name: np.broadcast_to(part, (rows,)) if len(part) == 1 else part for name, part in parts.items()}
    else:
        runs = runs.drop(columns="loss", errors="ignore")
    return take(check_columns(runs, need=()), law.columns, where=f"law {law.name!r}")


def draw_losses(fit: Fit, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Predicted losses under every bootstrap draw, shape (B, rows)."""
    theta = fit.require_draws().theta
    names, values = fit.law.parameters, [np.asarray(columns[name], dtype=float) for name in fit.law.columns]
    shape = (len(theta), len(values[0]))
    try:
        losses = fit.law.fn(*values, **{name: theta[:, j, None] for j, name in enumerate(names)})
        return np.array(np.broadcast_to(losses, shape), dtype=float)
    except Exception:  # a law that takes no batch is called draw by draw, and then says itself what is wrong
        return np.array([fit.law.predict(columns, dict(zip(names, row, strict=True))) for row in theta.tolist()])


def predict_interval(fit: Fit, columns: Mapping[str, np.ndarray], *, level: float, kind: str = "bc") -> np.ndarray:
    """Ends (2, rows) of the interval for the mean loss."""
    rows = len(next(iter(columns.values())))
    block = max(1, _BLOCK // max(1, len(fit.require_draws().theta)))
    ends = []
    for begin in range(0, rows, block):
        part = {name: np.asarray(values)[begin : begin + block] for name, values in columns.items()}
        estimate = fit.law.predict(part, fit.params)
        ends.append(interval(draw_losses(fit, part), estimate, level=level, kind=kind))
    return np.concatenate(ends, axis=1)
