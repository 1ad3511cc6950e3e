"""Measured costs beside a law: the paper's figure from points that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import held_columns, losses_over, need_columns
from scalelaw.errors import ScalelawError

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_NEED = ("N", "P", "batch", "input_tokens", "output_tokens", "memory", "latency")


def measured_ways(
    fit: Fit, measured: pd.DataFrame, *, level: float | None = None, kind: str = "bc", **held: Any
) -> pd.DataFrame:
    """A measured table as the frame of `ways_to_scale`, with the losses that the law predicts.

    Parameters
    ----------
    fit : Fit
        Of a law in N and P.
    measured : DataFrame
        Of `scalelaw.cost.measured.measure_costs`: the smallest model with several streams, and larger ones with one.
        Lengths are averaged over.
    level, kind, **held
        As for `ways_to_scale`.

    Returns
    -------
    DataFrame
        That of `ways_to_scale`, for `scalelaw.plot.cost` and `added_at_equal_loss`, and ``noisy``.

    Raises
    ------
    ScalelawError
        If the table lacks a column, or one of the ways has fewer than two models.
    """
    need_columns(fit, "N", "P", what="the cost of scaling")
    missing = [name for name in _NEED if name not in measured]
    if missing:
        raise ScalelawError(f"the table lacks {', '.join(missing)}; it should be one that measure_costs() returns")
    keys = ["batch", "N", "P"]
    noisy = measured.get("noisy", pd.Series(data=False, index=measured.index))
    frame = (
        measured.assign(noisy=noisy)
        .groupby(keys, as_index=False)
        .agg(memory=("memory", "mean"), latency=("latency", "mean"), noisy=("noisy", "any"))
    )
    plain = frame[frame["P"] == 1]
    if plain.empty:
        raise ScalelawError("the table has no model with one stream, from which both ways start")
    least = plain["N"].min()
    several = frame[frame["P"] > 1]
    parts = [several.assign(way="streams"), plain[plain["N"] == least].assign(way="streams")]
    frame = pd.concat([*parts, plain.assign(way="parameters")], ignore_index=True)
    if several.empty or plain["N"].nunique() < 2:
        raise ScalelawError("two ways need a model with several streams and a larger one with one; measure both")
    columns = {name: np.asarray(frame[name], dtype=float) for name in ("N", "P")}
    losses = losses_over(fit, columns, held_columns(fit, ("N", "P"), held), level=level, kind=kind)
    frame = frame.assign(**losses).sort_values(["batch", "way", "P", "N"], ignore_index=True)
    return frame[["batch", "way", "N", "P", "memory", "latency", *losses, "noisy"]]
