"""Errors of laws against the distance in compute from the runs that they were fitted to."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from scalelaw.fit.comparing.by_distance import error_by_distance
from scalelaw.plot.axes import RoundLog, axes_of, legend_above
from scalelaw.plot.style import series

_SHOWN = 8


def error_distance(
    frame: pd.DataFrame, *, ax: Axes | None = None, bins: int = 6, points: bool = True, legend: bool = True
) -> Axes:
    """Draw how errors on held-out runs grow with the distance beyond the fitted ones.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.held_out` returns it: every held-out run of every fold is a point, and a line goes through the mean
        error of runs at like distances. Or as `scalelaw.error_by_distance` returns it: the lines alone.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    bins : int
        Distances that a line has at most.
    points : bool
        Whether to show every held-out run.
    legend : bool

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame is neither, or says nothing of distance.
    """
    lines = frame if "runs" in frame and "predicted" not in frame else error_by_distance(frame, bins=bins)
    ax = axes_of(ax)
    for position, law in enumerate(dict.fromkeys(lines["law"])):
        look = series(position)
        if points and "predicted" in frame:
            some = frame[(frame["law"] == law) & (frame["error"].abs() > 0)]
            ax.plot(some["distance"], some["error"].abs(), ".", color=look["color"], markersize=2.5, alpha=0.35)
        line = lines[lines["law"] == law]
        ax.plot(line["distance"], line["error"], **look, label=str(law))
    if "predicted" in frame:
        ax.axvline(0.0, color="0.6", linewidth=0.6, zorder=0)
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(RoundLog())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    errors = lines["error"].to_numpy(dtype=float)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, np.nanmin(errors) / 8), high)  # a run that happens to be met exactly is no floor
    ax.set_xlabel("Decades of compute beyond the dearest fitted run")
    ax.set_ylabel("Error on held-out runs (%)")
    if legend and lines["law"].nunique() <= _SHOWN:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=3)
    return ax
