"""Numbers on contour lines, placed where they hide no point and no other number."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet

from scalelaw.plot.style import small

_ENOUGH = 0.09
"""Distance from which more brings nothing, as a fraction of the axes."""


def label_lines(ax: Axes, lines: QuadContourSet, points: np.ndarray) -> None:
    """Label every contour line once, away from points (rows, 2), from the edges and from the labels before it."""
    to_axes = ax.transData + ax.transAxes.inverted()
    taken = to_axes.transform(points) if len(points) else np.empty((0, 2))
    shown = _within(taken)
    places = []
    for path in lines.get_paths():
        for piece in path._iter_connected_components():  # type: ignore[attr-defined]
            along = _resample(to_axes.transform(piece.vertices))
            if len(along) > 1:
                best = along[np.argmax(_room(along, shown))]
                shown = np.vstack([shown, best])
                places.append(tuple(to_axes.inverted().transform(best)))
    if places:
        ax.clabel(lines, fmt=_format(np.asarray(lines.levels)), fontsize=small(), inline_spacing=2, manual=places)


def _within(points: np.ndarray) -> np.ndarray:
    """Those of the points that lie on the axes, in fractions of them."""
    return points[((points >= -0.05) & (points <= 1.05)).all(axis=1)]


def _resample(line: np.ndarray) -> np.ndarray:
    """Evenly spaced points of a line inside the axes; none where it is too short for a number."""
    lengths = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    if along[-1] < 0.2:
        return np.empty((0, 2))
    at = np.linspace(0.0, along[-1], 60)
    return np.column_stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)])


def _room(along: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """How good each place is: far from what is taken and from the edges, and among equals near the middle."""
    edge = np.minimum(along, 1 - along).min(axis=1)
    room = np.minimum(edge, _ENOUGH)
    if len(taken):
        nearest = np.hypot(*(along[:, None, :] - taken[None]).transpose(2, 0, 1)).min(axis=1)
        room = np.minimum(room, nearest)
    middle: np.ndarray = np.minimum(room, _ENOUGH) - 0.02 * np.abs(along[:, 1] - 0.5)
    return middle


def _format(levels: np.ndarray) -> str:
    """The same number of digits after the point for all levels."""
    digits = max(len(f"{level:.6g}".partition(".")[2]) for level in levels)
    return f"%.{digits}f"
