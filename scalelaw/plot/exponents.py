"""Exponents of the best N and D in compute, with intervals: by approach, or by budget and streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scalelaw.plot.axes import axes_of, legend_above, value_label
from scalelaw.plot.given import need_columns
from scalelaw.plot.style import series

_SHIFT = 0.12
_NAMES = {"a": r"$a$, of $N^*$", "b": r"$b$, of $D^*$"}


def exponents(frame: pd.DataFrame, *, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Draw a and b of N* ~ C^a and D* ~ C^b, a row for each approach, or for each budget and P.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.approaches`, or `scalelaw.allocation_exponents`, returns it.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    legend : bool

    Returns
    -------
    Axes
        Bars are the intervals, where the frame has them; the line is at one half, where N and D grow alike. An approach
        that the runs do not allow is left out.

    Raises
    ------
    ScalelawError
        If the frame is another one, or no approach has exponents.
    """
    frame = need_columns(frame, ("a", "b"), maker="approaches", value="a")
    ax = axes_of(ax)
    places = np.arange(len(frame))
    ax.axvline(0.5, color="0.6", linewidth=0.6, zorder=0)
    for position, (name, words) in enumerate(_NAMES.items()):
        look, at = series(position), places + (_SHIFT if position else -_SHIFT)
        if {f"{name}_low", f"{name}_high"} <= set(frame):
            ax.hlines(at, frame[f"{name}_low"], frame[f"{name}_high"], color=look["color"], linewidth=1.0)
        ax.plot(frame[name], at, look["marker"], color=look["color"], label=words, zorder=3)
    ax.set_yticks(places, [_row(row, frame) for row in frame.to_dict("records")])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.set_xlabel("Exponent of compute $C$")
    if legend:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=2, marks=True)
    return ax


def _row(row: Mapping[Any, Any], frame: pd.DataFrame) -> str:
    """The approach, or what tells the rows of `allocation_exponents` apart."""
    if "approach" in row:
        return str(row["approach"]).partition(" ")[2] or str(row["approach"])
    told = [name for name in ("C", "P") if name in frame and len(frame[name].unique()) > 1]
    return ", ".join(value_label(name, float(row[name])) for name in told) or "law"
