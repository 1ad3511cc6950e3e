"""A tornado: what each other choice does to the number that matters, the widest at the top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scalelaw.analysis.sensitivity import sensitivity as analyse
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of
from scalelaw.plot.given import frame_of
from scalelaw.plot.style import series, small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_MOST = 15


def sensitivity(
    fit: Fit | pd.DataFrame, *, ax: Axes | None = None, most: int = _MOST, label: str | None = None, **options: Any
) -> Axes:
    """Draw the values under other choices as bars from that of the base, largest change first.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, or the frame that `scalelaw.sensitivity` returns.
    ax : Axes, optional
    most : int
        Bars to show, those of the largest changes.
    label : str, optional
        What the axis is called; the quantity by default.
    **options
        Those of `scalelaw.sensitivity`, for a fit: ``of`` and others.

    Returns
    -------
    Axes
        A thin line through a bar is the interval, or the standard error, where the frame has one; a band is that of
        the base.

    Raises
    ------
    ScalelawError
        If the frame has no base or nothing beside it.
    """
    frame = frame_of(fit, analyse, options, need=("what", "variant", "value", "change"))
    base = frame[frame["what"] == "base"]
    others = frame[(frame["what"] != "base") & np.isfinite(frame["value"])]
    if len(base) != 1 or not len(others):
        raise ScalelawError("the frame has no base, or nothing to set beside it; give one that sensitivity() returns")
    order = others["change"].abs().sort_values(ascending=False, kind="stable").index[:most]
    others, middle = others.loc[order], float(base["value"].iloc[0])
    ax = axes_of(ax)
    places, values = np.arange(len(others)), others["value"].to_numpy(dtype=float)
    colours = [series(0)["color"] if value >= middle else series(1)["color"] for value in values]
    ax.barh(places, values - middle, left=middle, height=0.62, color=colours, zorder=2)
    ends = _ends(others)
    ax.hlines(places, ends[0], ends[1], color="0.25", linewidth=0.8, zorder=3)
    band = _ends(base)
    if np.isfinite(band).all():
        ax.axvspan(band[0, 0], band[1, 0], color="0.9", linewidth=0, zorder=0)
    ax.axvline(middle, color="0.25", linewidth=0.8, zorder=3)
    ax.set_yticks(places, [str(name) for name in others["variant"]], fontsize=small())
    ax.set_ylim(len(others) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.set_xlabel(label or str(frame.attrs.get("of", "value")))
    return ax


def _ends(frame: pd.DataFrame) -> np.ndarray:
    """Ends (2, rows) of the interval, or of one standard error, of each row; NaN where there is none."""
    if {"low", "high"} <= set(frame):
        return frame[["low", "high"]].to_numpy(dtype=float).T
    value = frame["value"].to_numpy(dtype=float)
    error = frame["error"].to_numpy(dtype=float) if "error" in frame else np.full(len(frame), np.nan)
    return np.array([value - error, value + error])
