"""Benchmark scores over the loss, and what streams buy task by task."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from scalelaw.analysis.downstream import TwoStep, downstream_gains
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, label, legend_above, new_figure, value_label
from scalelaw.plot.style import COLOURS, series, small

_BAR = 0.15
"""Height of a bar with its name, inches."""


def downstream(fit: TwoStep, *, ax: Axes | None = None, level: float | None = 0.95, legend: bool = True) -> Axes:
    """Draw scores over the loss, marks by the number of streams, and the law of the second step for each.

    Parameters
    ----------
    fit : TwoStep
        What `scalelaw.downstream` returned.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    level : float, optional
        Level of the band around the curve of the fewest streams, where there are draws.
    legend : bool

    Returns
    -------
    Axes
    """
    ax = axes_of(ax)
    columns = {name: np.asarray(values, dtype=float) for name, values in fit.score.columns.items()}
    streams = columns.get("P", np.ones(len(columns["nats"])))
    low, high = columns["nats"].min(), columns["nats"].max()
    along = np.linspace(low, high, 65)
    for position, P in enumerate(np.unique(streams)):
        look = series(position)
        part = streams == P
        curve = fit.curve(along, P, level=level if position == 0 else None)
        if "score_low" in curve:
            ends = curve["score_low"], curve["score_high"]
            ax.fill_between(along, *ends, color=look["color"], alpha=0.18, linewidth=0)
        ax.plot(along, curve["score"], color=look["color"], linestyle=look["linestyle"])
        named = value_label("P", float(P))
        ax.plot(columns["nats"][part], columns["loss"][part], look["marker"], color=look["color"], label=named)
    ax.set_xlabel(label("loss"))
    ax.set_ylabel("Score (%)")
    ax.invert_xaxis()
    handles, _ = ax.get_legend_handles_labels()
    if legend and len(handles) > 1:
        legend_above(ax, handles, columns=4, marks=True)
    return ax


def gains(frame: pd.DataFrame | None = None, *, ax: Axes | None = None, legend: bool = True, **options: Any) -> Axes:
    """Draw what P streams buy as bars: every task of Table 4 and the averages of its groups.

    Parameters
    ----------
    frame : DataFrame, optional
        What `scalelaw.downstream_gains` returned; computed if there is none.
    ax : Axes, optional
    legend : bool
    **options
        Those of `scalelaw.downstream_gains`, without a frame.

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If no row belongs to a group, or a frame comes with options.
    """
    if frame is not None and options:
        raise ScalelawError(f"{', '.join(options)} cannot change a frame; pass the options to downstream_gains()")
    frame = downstream_gains(**options) if frame is None else frame
    frame = frame[frame["group"] != ""]
    if frame.empty:
        raise ScalelawError("no row belongs to a group of tasks, so there is nothing to draw")
    if ax is None:
        width, height = mpl.rcParams["figure.figsize"]
        ax = new_figure(size=(width, max(height, _BAR * len(frame)))).add_subplot()
    groups = list(dict.fromkeys(frame["group"]))
    order = pd.concat([frame[frame["group"] == group].sort_values("gain") for group in reversed(groups)])
    names = [f"{row.group}, average" if row.metric == "average" else str(row.metric) for row in order.itertuples()]
    colours = [COLOURS[groups.index(group)] for group in order["group"]]
    shown = [1.0 if metric == "average" else 0.45 for metric in order["metric"]]
    bars = ax.barh(np.arange(len(order)), order["gain"], color=colours, height=0.75)
    for bar, alpha in zip(bars, shown, strict=True):
        bar.set_alpha(alpha)
    ax.set_yticks(np.arange(len(order)), names, fontsize=small())
    ax.set_ylim(-0.7, len(order) - 0.3)
    ax.axvline(0.0, color="black", linewidth=0.6)
    ax.set_xlabel("Gain (points)")
    if legend:
        handles = [Patch(facecolor=COLOURS[j], label=group) for j, group in enumerate(groups)]
        legend_above(ax, handles, columns=3, marks=True)
    return ax
