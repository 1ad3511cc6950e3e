"""IsoFLOP profiles or learning curves with the best size of each budget, and the power law through them."""

from __future__ import annotations

from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.lines import Line2D

from scalelaw.analysis import isoflop as analyse
from scalelaw.analysis.frontier import Frontier
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, legend_above, scale, scale_loss, text
from scalelaw.plot.style import COLOURS, marker_size

_SHOW = ("profiles", "N", "D")
_FEW = 30


def isoflop(
    runs: Any,
    *,
    ax: Axes | None = None,
    show: Literal["profiles", "N", "D"] = "profiles",
    legend: bool = True,
    **options: Any,
) -> Axes:
    """Draw the profiles with their minima, or N* or D* over C with the power law.

    Parameters
    ----------
    runs : DataFrame, mapping or Frontier
        Runs, or what `scalelaw.isoflop` or `scalelaw.envelope` returned.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    show : {"profiles", "N", "D"}
        Losses over N (over C, for an envelope), or the best N or D over C.
    legend : bool
    **options
        Those of `scalelaw.isoflop`, for runs.

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If ``show`` is another word, or a Frontier comes with options.
    """
    if show not in _SHOW:
        raise ScalelawError(f"an isoFLOP figure shows one of {', '.join(_SHOW)}, not {show!r}")
    if isinstance(runs, Frontier) and options:
        raise ScalelawError(f"{', '.join(options)} cannot change what was computed; pass the options to isoflop()")
    frontier = runs if isinstance(runs, Frontier) else analyse(runs, **options)
    ax = axes_of(ax)
    if show == "profiles":
        _profiles(ax, frontier, legend=legend)
    else:
        _growth(ax, frontier, show, legend=legend)
    return ax


def _profiles(ax: Axes, frontier: Frontier, *, legend: bool) -> None:
    x, group = ("N", "C") if frontier.approach == "isoflop" else ("C", "N")
    scale(ax, "x", x)
    scale_loss(ax)
    keys = np.unique(frontier.points[group])
    shades = _shades()
    place = (np.log(keys) - np.log(keys[0])) / (np.log(keys[-1] / keys[0]) or 1.0)
    size = marker_size(len(frontier.points))
    for key, at in zip(keys, place, strict=True):
        colour = shades(float(at))
        curve = frontier.lines[frontier.lines[group] == key]
        ax.plot(curve[x], curve["loss"], color=colour, linewidth=0.9, zorder=2)
        if x == "N":
            points = frontier.points[frontier.points[group] == key]
            ax.plot(points[x], points["loss"], "o", color=colour, markersize=size, zorder=3)
    used = frontier.used
    ax.plot(used[x], used["loss"], **_star(len(used)), zorder=4)
    if legend:
        ends = [(shades(0.0), keys[0]), (shades(1.0), keys[-1])]
        handles = [
            Line2D([], [], color=colour, label=f"${group}$ = {text(group, key, digits=2)}") for colour, key in ends
        ]
        legend_above(ax, [*handles, Line2D([], [], **_star(1), label="best")], columns=3)


def _growth(ax: Axes, frontier: Frontier, show: str, *, legend: bool) -> None:
    scale(ax, "x", "C")
    scale(ax, "y", show)
    used = frontier.used
    row = frontier.exponents.set_index("quantity").loc[show]
    C = np.geomspace(used["C"].min(), used["C"].max(), 33)
    ax.plot(C, row["coefficient"] * C ** row["exponent"], color=COLOURS[0], zorder=2)
    if "N_low" in used and show == "N":
        bars = [used["N"] - used["N_low"], used["N_high"] - used["N"]]
        ax.errorbar(used["C"], used["N"], yerr=np.maximum(bars, 0.0), fmt="none", ecolor="0.5", linewidth=0.8, zorder=2)
    ax.plot(used["C"], used[show], **_star(len(used)), zorder=3)
    if legend:
        interval = f" ({row['low']:.3f} to {row['high']:.3f})" if "low" in row and pd.notna(row["low"]) else ""
        label = rf"${show}^* \propto C^{{{row['exponent']:.3f}}}$" + interval
        legend_above(ax, [Line2D([], [], color=COLOURS[0], label=label)], columns=1)


def _star(rows: int) -> dict[str, Any]:
    size = float(mpl.rcParams["lines.markersize"]) * (1.6 if rows <= _FEW else 0.8)
    return {"marker": "*", "linestyle": "none", "color": COLOURS[1], "markersize": size, "markeredgewidth": 0.3}


def _shades() -> Colormap:
    """Viridis without its yellow end, which is lost on white."""
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 0.8, 256)))
