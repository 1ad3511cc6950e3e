"""Profile likelihoods: the root of the deviance over the number that was moved, with the levels of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scalelaw.errors import ScalelawError
from scalelaw.fit.profile import profile as analyse
from scalelaw.laws.latex import symbol
from scalelaw.plot.axes import axes_of, legend_above
from scalelaw.plot.given import frame_of
from scalelaw.plot.style import series, small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def profile(
    fit: Fit | pd.DataFrame,
    *quantities: Any,
    ax: Axes | None = None,
    levels: Sequence[float] = (0.68, 0.95),
    legend: bool = True,
) -> Axes:
    """Draw the root of the deviance over the value: two straight lines where the normal approximation is right.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, or the frame of `scalelaw.profile`.
    *quantities : str, Quantity or callable
        For a fit, what to profile; every free parameter by default. Several share the axes as per cent of change from
        the fitted values.
    ax : Axes, optional
    levels : sequence of float
        Intervals to mark.
    legend : bool

    Returns
    -------
    Axes
        Where a curve is below a marked level the values are in the interval of that level.

    Raises
    ------
    ScalelawError
        If the frame has no points.
    """
    if isinstance(fit, pd.DataFrame) and quantities:
        raise ScalelawError("quantities cannot change a frame; pass them to profile()")
    given = fit if isinstance(fit, pd.DataFrame) else analyse(fit, *quantities, level=max(levels, default=0.95))
    frame = frame_of(given, analyse, {}, need=("quantity", "value", "deviance", "confidence"))
    if frame.empty:
        raise ScalelawError("the frame has no points; give one that profile() returns")
    ax = axes_of(ax)
    names = list(dict.fromkeys(frame["quantity"]))
    for position, name in enumerate(names):
        part = frame[frame["quantity"] == name].sort_values("value")
        best = float(part["value"].iloc[int(part["deviance"].argmin())])
        x = part["value"] if len(names) == 1 else 100 * (part["value"] / best - 1)
        look = series(position)
        ax.plot(x, np.sqrt(part["deviance"]), color=look["color"], linestyle=look["linestyle"], label=_label(name))
    ordered = frame.sort_values("confidence")
    for level in levels:
        height = float(np.interp(level, ordered["confidence"], np.sqrt(ordered["deviance"])))
        ax.axhline(height, color="0.6", linewidth=0.6, zorder=0)
        ax.annotate(
            f"{100 * level:g} %",
            (1.0, height),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=small(),
            color="0.4",
            annotation_clip=False,
        )
    ax.set_ylim(0, min(4.0, 1.05 * float(np.sqrt(frame["deviance"].max()))))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6))
    ax.set_xlabel(_label(names[0]) if len(names) == 1 else "Change from the fitted value (%)")
    ax.set_ylabel("Root of the deviance")
    if legend and len(names) > 1:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=5)
    if len(names) > 1:
        _middle(ax, frame)
    return ax


def _label(name: str) -> str:
    return f"${symbol(name)}$" if name.isidentifier() else name


def _middle(ax: Axes, frame: pd.DataFrame) -> None:
    """To each side as far as the widest 99.9 % interval reaches, within -100 and +200 %."""
    shown = frame[frame["confidence"] <= 0.999]
    best = frame[frame["deviance"] == 0].groupby("quantity")["value"].first()
    change = 100 * (shown["value"] / shown["quantity"].map(best) - 1)
    low, high = float(np.nanmin(change)), float(np.nanmax(change))
    ax.set_xlim(max(low, -100), min(high, 200))
