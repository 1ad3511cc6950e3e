"""Calling a law under many parameter sets at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scalelaw.laws.law import Law


def law_losses(law: Law, columns: Mapping[str, np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Losses (sets, rows) of columns that broadcast to that shape, under parameter sets (sets, parameters)."""
    values = [np.asarray(columns[name], dtype=float) for name in law.columns]
    shape = np.broadcast_shapes((len(theta), 1), *(value.shape for value in values))
    with np.errstate(all="ignore"):
        if len(theta) > 1:
            try:
                batch = law.fn(*values, **{name: theta[:, [j]] for j, name in enumerate(law.parameters)})
                return np.array(np.broadcast_to(batch, shape), dtype=float)
            except (TypeError, ValueError, IndexError):
                pass  # a law that takes no batch is called set by set, and then says itself what is wrong
        rows = zip(*(np.broadcast_to(value, shape) for value in values), theta.tolist(), strict=True)
        losses = [law.fn(*row, **dict(zip(law.parameters, one, strict=True))) for *row, one in rows]
    return np.array([np.broadcast_to(each, shape[1:]) for each in losses], dtype=float).reshape(shape)  # of no sets too
