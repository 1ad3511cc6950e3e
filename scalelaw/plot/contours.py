"""Figure 3 of the ParScale paper: lines of equal loss over parameters and streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from scalelaw import analysis
from scalelaw.errors import ScalelawError
from scalelaw.fit.intervals import check_kind
from scalelaw.plot.axes import axes_of, legend_above, scale
from scalelaw.plot.given import before_loss, frame_of, runs_of
from scalelaw.plot.labels import label_lines
from scalelaw.plot.style import marker_size

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_SHADE = "0.92"


def contours(
    fit: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    runs: Any = None,
    levels: Any = None,
    level: float | None = None,
    legend: bool = True,
    **options: Any,
) -> Axes:
    """Draw labelled lines of equal loss over two columns, the runs as points, and what is extrapolated in grey.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, or the frame of `scalelaw.analysis.contour_grid`.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    runs : DataFrame or mapping, optional
        Runs to show as points; the fitted ones unless told otherwise.
    levels : numbers, optional
        Losses in nats per token; round ones across the figure by default.
    level : float, optional
        Level of a band around each line, such as 0.95: where the interval of the mean loss holds that loss. A fit
        needs bootstrap draws for it; a frame with ``low`` and ``high`` has its band whatever the number.
    legend : bool
        Say above the figure what is a run and what is extrapolation.
    **options
        Those of `scalelaw.analysis.contour_grid`: ``x``, ``y``, ``x_range``, ``y_range``, ``num``, ``kind``, and
        columns to hold.

    Returns
    -------
    Axes
    """
    check_kind(level, options.get("kind", "bc"))
    if level is not None and not isinstance(fit, pd.DataFrame):
        options["level"] = level
    frame = frame_of(fit, analysis.contour_grid, options, need=("loss", "inside"))
    x, y = before_loss(frame)
    grid = _grid(frame, x, y)
    ax = axes_of(ax)
    scale(ax, "x", x)
    scale(ax, "y", y)
    shades = _shades()
    chosen = _levels(grid["loss"], levels)
    _shade_outside(ax, frame, runs_of(fit, runs), x, y)
    if "low" in grid and level is not None:
        _bands(ax, grid, x, y, chosen, shades)
    lines = ax.contour(grid[x], grid[y], grid["loss"], levels=chosen, cmap=shades, linewidths=1.0, zorder=2)
    ax.set_xlim(grid[x][0, 0], grid[x][0, -1])
    ax.set_ylim(grid[y][0, 0], grid[y][-1, 0])
    shown = runs_of(fit, runs)
    points = np.empty((0, 2)) if shown is None else np.column_stack([shown[x], shown[y]]).astype(float)
    size = 0.75 * marker_size(len(points))
    ax.plot(points[:, 0], points[:, 1], "o", color="black", markersize=size, zorder=3, clip_on=False)
    label_lines(ax, lines, points)
    if legend:
        _legend(ax, points=shown is not None, outside=not frame["inside"].all())
    return ax


def _grid(frame: pd.DataFrame, x: str, y: str) -> dict[str, np.ndarray]:
    """The frame's columns as arrays of shape (y, x).

    Raises
    ------
    ScalelawError
        If it does not hold every combination of its x and y once.
    """
    ordered = frame.sort_values([y, x])
    shape = (ordered[y].nunique(), ordered[x].nunique())
    if shape[0] * shape[1] != len(frame) or frame.duplicated([x, y]).any() or min(shape) < 2:
        raise ScalelawError(f"contours need every combination of {x} and {y} once, as contour_grid() returns them")
    names = [name for name in (x, y, "loss", "low", "high") if name in frame]
    return {name: ordered[name].to_numpy(dtype=float).reshape(shape) for name in names}


def _levels(losses: np.ndarray, given: Any) -> np.ndarray:
    """The levels given that the figure holds, or round ones.

    Raises
    ------
    ScalelawError
        If it holds none.
    """
    finite = losses[np.isfinite(losses)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    if not low < high:
        raise ScalelawError("the law is the same everywhere on this grid, so it has no contours; choose other columns")
    if given is None:
        return analysis.round_levels(low, high, about=9)
    levels = np.unique(analysis.read_values("loss", given))
    levels = levels[(levels > low) & (levels < high)]
    if not len(levels):
        raise ScalelawError(f"none of the levels lies within the losses of the figure, {low:.4g} to {high:.4g}")
    return levels


def _shades() -> Colormap:
    """Viridis without its yellow end, which is lost on white."""
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 0.75, 256)))


def _bands(ax: Axes, grid: Mapping[str, np.ndarray], x: str, y: str, levels: np.ndarray, shades: Colormap) -> None:
    """The region of each level in which the interval of the loss holds it: high at or above it, low at or below."""
    span = levels[-1] - levels[0] or 1.0
    top, bottom = float(np.nanmax(grid["high"])), float(np.nanmin(grid["low"]))
    for level in levels[(levels > bottom) & (levels < top)]:
        colour = shades(float((level - levels[0]) / span))
        above = ax.contourf(grid[x], grid[y], grid["high"], levels=[level, top], colors=[colour], alpha=0.22, zorder=1)
        if np.nanmax(grid["low"]) > level:
            below = ax.contourf(grid[x], grid[y], grid["low"], levels=[bottom, level])
            above.set_clip_path(below.get_paths()[0], ax.transData)
            below.remove()


def _shade_outside(ax: Axes, frame: pd.DataFrame, runs: Mapping[str, Any] | None, x: str, y: str) -> None:
    """Grey over everything beyond the range of the runs."""
    inside = frame[frame["inside"]]
    if inside.empty and runs is None:
        ax.set_facecolor(_SHADE)
        return
    known = [inside[name] if runs is None else runs[name] for name in (x, y)]
    (left, right), (low, high) = ((float(np.min(values)), float(np.max(values))) for values in known)
    # the frame's corners run one way and the hole's the other, which leaves the hole unfilled
    outer = _box(frame[x].min(), frame[x].max(), frame[y].min(), frame[y].max())
    hole = _box(left, right, low, high)[::-1]
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * 2
    ax.add_patch(PathPatch(Path(np.vstack([outer, hole]), codes), facecolor=_SHADE, edgecolor="none", zorder=0.5))


def _box(left: float, right: float, low: float, high: float) -> np.ndarray:
    return np.array([[left, low], [right, low], [right, high], [left, high], [left, low]], dtype=float)


def _legend(ax: Axes, *, points: bool, outside: bool) -> None:
    handles: list[Any] = []
    if points:
        handles.append(Line2D([], [], color="black", marker="o", linestyle="none", markersize=2.6, label="runs"))
    if outside:
        handles.append(Patch(facecolor=_SHADE, edgecolor="0.7", linewidth=0.4, label="beyond the runs"))
    if handles:
        legend_above(ax, handles, columns=2)
