"""A map of where streams and where parameters are the better use of training compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import Patch

from scalelaw.analysis.streams_or_parameters import streams_or_parameters
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, legend_above, scale, value_label
from scalelaw.plot.given import frame_of, need_columns
from scalelaw.plot.style import small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_NEED = ("C", "P", "N", "difference", "better")
_SHADES = "RdBu_r"
_NUM, _FEWEST = 33, 13
"""Values along each axis of a map of a fit, and the fewest between which a frame's colours may be blended."""


def trade(
    fit: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    points: pd.DataFrame | None = None,
    legend: bool = True,
    bar: bool = True,
    **options: Any,
) -> Axes:
    """Draw the loss with streams minus the loss without at equal training FLOPs, over C and P or over N and C.

    Blue is where streams win, red where parameters do; the line is where they are even, and hatching covers what the
    interval of the difference leaves open. Of a fit the map is computed at 33 values or more along each axis, however
    few are given: these set its range. Where one of the two has a single value, the difference is drawn as a curve over
    the other, between dashed ends of its interval.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit of a law in N, P and D, or a dense frame of `scalelaw.streams_or_parameters`, as with ``num=33``.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    points : DataFrame, optional
        Rows of `scalelaw.streams_or_parameters` to mark: filled where their interval decides, open where it does not.
    legend : bool
    bar : bool
        Show the scale of the difference beside the map.
    **options
        Those of `scalelaw.streams_or_parameters`. With ``kind="profile"`` the map itself has no intervals, which would
        take a profile for each of its points.

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If neither axis has more than one value, or a frame lacks combinations or has fewer than 13 values on an axis.
    """
    if not isinstance(fit, pd.DataFrame):
        options = {"num": _NUM, **options} | ({"level": None} if options.get("kind") == "profile" else {})
    frame = frame_of(fit, streams_or_parameters, options, need=_NEED)
    if points is not None:
        need_columns(points, _NEED, maker="streams_or_parameters")
    x, y, frame = _axes_and_grid(frame)
    ax = axes_of(ax)
    scale(ax, "x", x)
    if y is None:
        _curve(ax, frame, x, points)
    else:
        scale(ax, "y", y)
        _surface(ax, frame, x, y, bar=bar)
        if points is not None:
            _mark(ax, points[x], points[y], points["better"])
    if legend:
        undecided = y is not None and bool((frame["better"] == "undecided").any())
        _legend(ax, frame["difference"].to_numpy(dtype=float), undecided=undecided)
    return ax


def _axes_and_grid(frame: pd.DataFrame) -> tuple[str, str | None, pd.DataFrame]:
    """The column to the right, the one upwards (None for a curve), and the frame in their order.

    Raises
    ------
    ScalelawError
        If there is nothing to draw over, or too little to draw between.
    """
    sized = len(frame["P"].unique()) == 1 and frame.groupby("C")["N"].nunique().max() > 1  # a map over N and C at one P
    x, y = ("N", "C") if sized else ("C", "P")
    count = {name: frame[name].nunique() for name in (x, y)}
    if max(count.values()) == 1:
        raise ScalelawError(
            "a map needs more than one value of C, P or N, and each of them has one; ask for a second budget, number "
            "of streams or size"
        )
    if np.prod(list(count.values())) != len(frame):
        raise ScalelawError(f"a map needs every combination of {x} and {y}, and the frame lacks some")
    few = [name for name, values in count.items() if 1 < values < _FEWEST]
    if few:
        raise ScalelawError(
            f"the frame has {count[few[0]]} values of {few[0]}, too few to draw what lies between them; give the fit, "
            f"or a frame of streams_or_parameters(..., num={_NUM})"
        )
    if 1 in count.values():
        x = max(count, key=lambda name: count[name])
        return x, None, frame.sort_values(x)
    return x, y, frame.sort_values([y, x])


def _curve(ax: Axes, frame: pd.DataFrame, x: str, points: pd.DataFrame | None) -> None:
    """The difference over one column, the others being held, with its band and the points of the table."""
    shades = mpl.colormaps[_SHADES]
    values, difference = (frame[name].to_numpy(dtype=float) for name in (x, "difference"))
    for wins, shade in ((difference <= 0, 0.15), (difference >= 0, 0.85)):
        ax.fill_between(values, difference, where=wins, interpolate=True, color=shades(shade), alpha=0.5, linewidth=0)
    if "difference_low" in frame:
        for end in ("low", "high"):
            ax.plot(values, frame[f"difference_{end}"], color="0.35", linewidth=0.7, linestyle="--")
    ax.axhline(0.0, color="0.4", linewidth=0.7)
    ax.plot(values, difference, color="black")
    if points is not None:
        if "difference_low" in points:
            ax.vlines(points[x], points["difference_low"], points["difference_high"], color="black", linewidth=0.8)
        _mark(ax, points[x], points["difference"], points["better"])
    ax.set_ylabel("Loss, streams − none")
    held = [name for name in ("P", "C", "N") if name != x and len(frame[name].unique()) == 1]
    said = ", ".join(value_label(name, float(frame[name].iloc[0])) for name in held)
    ax.text(1.0, 1.02, said, transform=ax.transAxes, ha="right", va="bottom", fontsize=small())


def _mark(ax: Axes, x: pd.Series[float], y: pd.Series[float], better: pd.Series[str]) -> None:
    decided = (better != "undecided").to_numpy()
    for which, face in ((decided, "black"), (~decided, "white")):
        ax.plot(
            *(each.to_numpy(dtype=float)[which] for each in (x, y)),
            marker="o",
            linestyle="none",
            markersize=3.5,
            markerfacecolor=face,
            markeredgecolor="black",
            markeredgewidth=0.7,
            clip_on=False,
            zorder=5,
        )


def _surface(ax: Axes, frame: pd.DataFrame, x: str, y: str, *, bar: bool) -> None:
    shape = (frame[y].nunique(), frame[x].nunique())
    over = [frame[name].to_numpy(dtype=float).reshape(shape) for name in (x, y)]
    difference = frame["difference"].to_numpy(dtype=float).reshape(shape)
    reach = float(np.abs(difference).max()) or 1.0
    shown = ax.pcolormesh(
        *over, difference, cmap=_SHADES, norm=TwoSlopeNorm(0.0, -reach, reach), shading="gouraud", rasterized=True
    )
    if difference.min() < 0 < difference.max():
        ax.contour(*over, difference, levels=[0.0], colors="black", linewidths=1.2)
    if (frame["better"] == "undecided").any() and "difference_low" in frame:
        # above 0 where the interval holds 0, and smooth, so that the edge lies between the points of the grid
        low, high = (frame[f"difference_{end}"].to_numpy().reshape(shape) for end in ("low", "high"))
        hatched = ax.contourf(*over, np.minimum(high, -low), levels=[0.0, np.inf], colors="none", hatches=["////"])
        hatched.set_edgecolor("0.35")
        hatched.set_linewidth(0.0)
    if bar:
        colours = ax.figure.colorbar(shown, ax=ax, pad=0.02)
        colours.set_label("Loss, streams − none")
        # the half that does not occur says nothing
        colours.ax.set_ylim(min(0.0, float(difference.min())), max(0.0, float(difference.max())))


def _legend(ax: Axes, difference: np.ndarray, *, undecided: bool) -> None:
    shades = mpl.colormaps[_SHADES]
    handles = []
    if difference.min() < 0:
        handles.append(Patch(facecolor=shades(0.15), label="streams"))
    if difference.max() > 0:
        handles.append(Patch(facecolor=shades(0.85), label="parameters"))
    if undecided:
        handles.append(Patch(facecolor="white", edgecolor="0.35", hatch="////", linewidth=0.0, label="undecided"))
    if handles:
        legend_above(ax, handles, columns=3, marks=True)
