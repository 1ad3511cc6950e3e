"""Figure 2 of the ParScale paper: losses of the runs and the fitted law over parameters, a line for each P."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import NullFormatter, NullLocator

from scalelaw import analysis
from scalelaw.fit.intervals import check_kind
from scalelaw.plot.annotation import annotate_law
from scalelaw.plot.axes import RoundLog, Said, axes_of, label, scale, scale_loss, value_label
from scalelaw.plot.given import at_held, before_loss, frame_of, level_of, runs_of
from scalelaw.plot.style import marker_size, series

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_DISCRETE, _INSIDE = 8, 5
_NOT_COLUMNS = ("x", "by", "values", "extra", "x_range", "num", "kind")


def curves(
    fit: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    runs: Any = None,
    level: float | None = 0.95,
    annotate: bool = True,
    legend: bool = True,
    **options: Any,
) -> Axes:
    """Draw losses over one column with the fitted lines, a series for each value of another.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, or the frame of `scalelaw.analysis.curves`.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    runs : DataFrame or mapping, optional
        Runs to show as points; the fitted ones unless told otherwise. Where other columns are held, only runs that
        have their values.
    level : float, optional
        Level of the band around each line, drawn where the fit has bootstrap draws; None for no band. A frame
        with ``low`` and ``high`` has its band whatever the number.
    annotate : bool
        Write the law and its parameters into the figure.
    legend : bool
    **options
        Those of `scalelaw.analysis.curves`: ``x``, ``by``, ``values``, ``extra``, ``x_range``, ``kind``, and columns to
        hold.

    Returns
    -------
    Axes
    """
    check_kind(level, options.get("kind", "bc"))
    if level_of(fit, level) is not None:
        options["level"] = level
    frame = frame_of(fit, analysis.curves, options, need=("loss",))
    options.pop("level", None)
    if level is None:
        frame = frame.drop(columns=["low", "high"], errors="ignore")
    *by, x = before_loss(frame)
    ax = axes_of(ax)
    scale(ax, "x", x)
    scale_loss(ax)
    shown = runs_of(fit, runs)
    held = {name: value for name, value in options.items() if name not in _NOT_COLUMNS}
    points = None if shown is None else at_held(shown, held, [*by, x])
    if not by:
        _series(ax, frame, points, x, "", 0)
    elif len(_values(frame, points, by[0])) <= _DISCRETE:
        _by_series(ax, frame, points, x, by[0], legend=legend)
    else:
        _by_colour(ax, frame, points, x, by[0])
    ax.margins(x=0.02)
    if annotate and not isinstance(fit, pd.DataFrame):
        annotate_law(ax, fit)
    return ax


def _values(frame: pd.DataFrame, points: dict[str, np.ndarray] | None, by: str) -> np.ndarray:
    lines = frame[by].to_numpy(dtype=float)
    return np.unique(lines if points is None else np.concatenate([lines, points[by]]))


def _by_series(
    ax: Axes, frame: pd.DataFrame, points: dict[str, np.ndarray] | None, x: str, by: str, *, legend: bool
) -> None:
    for position, value in enumerate(_values(frame, points, by)):
        some = None if points is None else {name: column[points[by] == value] for name, column in points.items()}
        _series(ax, frame[frame[by] == value], some, x, value_label(by, value), position)
    if legend and len(ax.get_legend_handles_labels()[0]) <= _INSIDE:
        ax.legend(loc="upper right")
    elif legend:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _series(
    ax: Axes, line: pd.DataFrame, points: dict[str, np.ndarray] | None, x: str, name: str, position: int
) -> None:
    look = series(position)
    marker = look.pop("marker") if points is not None and len(points["loss"]) else None
    if "low" in line:
        ax.fill_between(line[x], line["low"], line["high"], color=look["color"], alpha=0.18, linewidth=0)
    ax.plot(line[x], line["loss"], **{**look, "marker": None})
    if marker is not None and points is not None:
        ax.plot(points[x], points["loss"], color=look["color"], marker=marker, linestyle="none")
    # drawn nowhere: one entry of the legend for the line and its points
    ax.plot([], [], **look, label=name, **({"marker": marker} if marker else {}))


def _by_colour(ax: Axes, frame: pd.DataFrame, points: dict[str, np.ndarray] | None, x: str, by: str) -> None:
    values = _values(frame, points, by)
    norm, palette = LogNorm(values[0], values[-1]), mpl.colormaps["viridis"]
    for value, line in frame.groupby(by):
        colour = palette(norm(float(value)))  # type: ignore[arg-type]
        ax.plot(line[x], line["loss"], color=colour, zorder=1.5)
        if "low" in line:
            ax.fill_between(line[x], line["low"], line["high"], color=colour, alpha=0.18, linewidth=0)
    if points is not None:
        area = marker_size(len(points["loss"])) ** 2
        ax.scatter(points[x], points["loss"], c=points[by], cmap=palette, norm=norm, s=area, linewidths=0, zorder=2)
    bar = ax.get_figure().colorbar(mpl.cm.ScalarMappable(norm, palette), ax=ax, pad=0.02)  # type: ignore[union-attr]
    bar.set_label(label(by))
    bar.ax.yaxis.set_major_locator(RoundLog())
    bar.ax.yaxis.set_major_formatter(Said(by))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
