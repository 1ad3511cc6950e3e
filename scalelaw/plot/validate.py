"""Published and known values against refitted ones, in units of what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from scalelaw.plot.axes import legend_above, new_figure
from scalelaw.plot.given import need_columns
from scalelaw.plot.style import COLOURS, MARKERS, small
from scalelaw.validate import AGREES, DISAGREES, ELSEWHERE, NOT_OPTIMAL

_ROW, _ROOM = 0.13, 0.7
"""Inches a comparison and beside them."""
_LEAST = 1e-6
"""Tolerances below which a difference is drawn at this one: it is rounding."""
_LOOKS = {AGREES: 0, NOT_OPTIMAL: 4, ELSEWHERE: 3, DISAGREES: 1}
"""Verdicts by the position of their colour."""


def validate(frame: pd.DataFrame, *, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Draw how far each published or known value is from the refitted one, in units of the difference allowed.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.validate` returns it; rows that compare nothing are left out.
    ax : Axes, optional
        Where to draw; a new figure, as high as the rows ask for, if there is none.
    legend : bool

    Returns
    -------
    Axes
        Left of the line at 1 values agree. A mark beyond it is a disagreement only where its colour says so: a printed
        point may be no optimum, or belong to other runs. Differences below a millionth of what is allowed are drawn
        there.

    Raises
    ------
    ScalelawError
        If the frame is another one or compares nothing.
    """
    need = ("set", "reference", "quantity", "tolerances", "verdict")
    frame = need_columns(frame, need, maker="validate", value="tolerances").reset_index(drop=True)
    if ax is None:
        width = float(mpl.rcParams["figure.figsize"][0])
        ax = new_figure(size=(max(width, 5.5), _ROOM + _ROW * len(frame))).add_subplot()
    places = np.arange(len(frame))
    for position, (verdict, colour) in enumerate(_LOOKS.items()):
        rows = (frame["verdict"] == verdict).to_numpy()
        if rows.any():
            drawn = np.maximum(frame["tolerances"].to_numpy(dtype=float)[rows], _LEAST)
            ax.plot(drawn, places[rows], MARKERS[position], color=COLOURS[colour], label=verdict, zorder=3)
    ax.axvline(1.0, color="0.4", linewidth=0.8, zorder=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=8))
    ax.set_yticks(places, [_words(row) for row in frame.to_dict("records")], fontsize=small() * 0.8)
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    for place in np.flatnonzero(frame["set"].to_numpy()[1:] != frame["set"].to_numpy()[:-1]):
        ax.axhline(place + 0.5, color="0.9", linewidth=0.4, zorder=0)
    ax.set_xlabel("Difference over what is allowed")
    if legend:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=4, marks=True, side="right")
    return ax


def _words(row: Mapping[Any, Any]) -> str:
    """A comparison in a few words: the set, what is compared and, where it is no optimum, with which paper."""
    paper = "" if row["reference"] == "known optimum" else f" ({row['reference']})"
    return f"{row['set']}: {row['quantity']}{paper}"
