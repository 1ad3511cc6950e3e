"""Which runs are far from the law, and which of them move the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from scalelaw.analysis.diagnosis.influence import OUTLIER
from scalelaw.analysis.diagnosis.influence import influence as analyse
from scalelaw.plot.axes import axes_of, legend_above, text
from scalelaw.plot.given import frame_of
from scalelaw.plot.style import series, small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_SHORT = 18


def influence(
    fit: Fit | pd.DataFrame, *, ax: Axes | None = None, name: int = 4, change: str | None = None, **options: Any
) -> Axes:
    """Draw every run by its robust score and by how much leaving it out moves the fit.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, or the frame of `scalelaw.analysis.influence`.
    ax : Axes, optional
    name : int
        How many runs to name, the most influential.
    change : str, optional
        Another column of the frame up the figure, such as ``"change_k"``; Cook's distance by default.
    **options
        Those of `scalelaw.analysis.influence`, for a fit: ``quantity`` and ``groups``.

    Returns
    -------
    Axes
    """
    up = change or "cook"
    frame = frame_of(fit, analyse, options, need=("score", "outlier", up))
    frame = frame[np.isfinite(frame[up])]
    ax = axes_of(ax)
    ax.axvspan(-OUTLIER, OUTLIER, color="0.93", linewidth=0, zorder=0)
    for position, out in enumerate((False, True)):
        part = frame[frame["outlier"] == out]
        ax.plot(part["score"], part[up], "o", color=series(position)["color"], markersize=3, clip_on=False)
    order = frame[up].abs().sort_values(ascending=False, kind="stable").index[:name]
    named = []
    for place, row in enumerate(frame.loc[order].to_dict("records"), start=1):
        spot = (row["score"], row[up])
        ax.annotate(f"{place}", spot, xytext=(4, 0), textcoords="offset points", va="center", fontsize=small())
        named.append(
            Line2D([], [], linestyle="", marker=f"${place}$", markeredgewidth=0, color="black", label=_name(row))
        )
    if named:
        legend_above(ax, named, columns=2, marks=True)
    ax.set_xlabel("Residual (robust standard deviations)")
    ax.set_ylabel("Cook's distance" if up == "cook" else f"{up.removeprefix('change_')} without the run, change")
    if up == "cook":
        ax.set_ylim(bottom=0)
    return ax


def _name(row: dict[Any, Any]) -> str:
    if "rows" in row:
        return str(row["row"])[:_SHORT]
    names = [str(each) for each in row][1 : list(row).index("loss")]
    return ", ".join(f"{each} = {text(each, float(row[each]), digits=2)}" for each in names)
