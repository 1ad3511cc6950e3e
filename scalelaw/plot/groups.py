"""A parameter in every group: shared or each group's own, and as each group alone has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scalelaw.errors import ScalelawError
from scalelaw.laws.latex import symbol
from scalelaw.plot.axes import axes_of, legend_above
from scalelaw.plot.style import series

if TYPE_CHECKING:
    from scalelaw.fit.grouping.fitting import GroupFit


def groups(
    fit: GroupFit | pd.DataFrame, *, parameter: str | None = None, ax: Axes | None = None, legend: bool = True
) -> Axes:
    """Draw a parameter of every group, of the fit by groups and of each group alone, with intervals.

    Parameters
    ----------
    fit : GroupFit or DataFrame
        As `scalelaw.fit_groups` returns it, or its ``summary()``.
    parameter : str, optional
        The parameter; by default the first that is shared.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    legend : bool

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame is another one or there is no such parameter.
    """
    frame = fit if isinstance(fit, pd.DataFrame) else fit.summary()
    if not {"parameter", "group", "shared", "value", "alone"} <= set(frame.columns):
        raise ScalelawError("the frame should be the summary() of a fit by groups")
    names = list(dict.fromkeys(frame["parameter"]))
    chosen = parameter or next(iter(frame["parameter"][frame["shared"]]), names[0])
    if chosen not in names:
        raise ScalelawError(f"there is no parameter {chosen!r}; the law has {', '.join(names)}")
    rows = frame[frame["parameter"] == chosen]
    places = np.arange(len(rows))
    ax = axes_of(ax)
    together = "shared by all" if bool(rows["shared"].iloc[0]) else "fitted with the others"
    for position, (value, low, high, words) in enumerate(
        (("value", "low", "high", together), ("alone", "alone_low", "alone_high", "each group alone"))
    ):
        look = series(position)
        at = places + (0.12 if position else -0.12)
        ax.hlines(at, rows[low], rows[high], color=look["color"], linewidth=1.0)
        ax.plot(rows[value], at, look["marker"], color=look["color"], label=words)
    ax.set_yticks(places, [str(name) for name in rows["group"]])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"${symbol(chosen)}$")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    if legend:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=2, marks=True)
    return ax
