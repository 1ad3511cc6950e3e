"""Coverage of intervals in a design: what each kind promises, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scalelaw.errors import ScalelawError
from scalelaw.fit.calibration import calibration as analyse
from scalelaw.laws.latex import symbol
from scalelaw.plot.axes import axes_of, legend_above
from scalelaw.plot.given import frame_of
from scalelaw.plot.style import series

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def calibration(
    fit: Fit | pd.DataFrame, *, ax: Axes | None = None, level: float | None = None, legend: bool = True, **options: Any
) -> Axes:
    """Draw the coverage of every kind of interval, a row for each quantity.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, which is then simulated and refitted many times, or the frame of `scalelaw.calibration`.
    ax : Axes, optional
    level : float, optional
        What the intervals promise; the frame knows it.
    legend : bool
    **options
        Those of `scalelaw.calibration`, for a fit.

    Returns
    -------
    Axes
        A line through a dot is the 95 % interval of the coverage itself, by the number of data sets.

    Raises
    ------
    ScalelawError
        If the frame has no rows.
    """
    if level is not None and not isinstance(fit, pd.DataFrame):
        options["level"] = level
    frame = frame_of(fit, analyse, options, need=("quantity", "kind", "coverage", "low", "high"))
    if frame.empty:
        raise ScalelawError("the frame has no rows; give one that calibration() returns")
    promised = float(frame.attrs.get("level", 0.95) if level is None else level)
    names, kinds = (list(dict.fromkeys(frame[column])) for column in ("quantity", "kind"))
    ax = axes_of(ax)
    ax.axvline(100 * promised, color="0.5", linewidth=0.8, zorder=0)
    for position, kind in enumerate(kinds):
        part = frame[frame["kind"] == kind]
        places = part["quantity"].map({name: place for place, name in enumerate(names)}).to_numpy(dtype=float)
        places += 0.6 * ((position + 0.5) / len(kinds) - 0.5)
        look = series(position)
        ax.hlines(places, 100 * part["low"], 100 * part["high"], color=look["color"], linewidth=0.8)
        ax.plot(100 * part["coverage"], places, look["marker"], color=look["color"], label=kind)
    ax.set_yticks(np.arange(len(names)), [f"${symbol(each)}$" if each.isidentifier() else each for each in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    ax.set_xlabel(f"Coverage of {100 * promised:g} % intervals (%)")
    if legend and len(kinds) > 1:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=4, side="right", marks=True)
    return ax
