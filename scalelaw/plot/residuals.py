"""How far the law is from the runs, and whether the rest looks like noise."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import legend_above, new_figure, scale, value_label
from scalelaw.plot.given import before_loss, frame_of
from scalelaw.plot.style import GOLDEN, MARKERS, marker_size, series

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_WIDE = 5.0


def residuals(
    fit: Fit | pd.DataFrame, *, ax: Axes | np.ndarray | None = None, kind: str | None = None
) -> Axes | np.ndarray:
    """Draw the relative residuals, predicted over observed: over each column of the law, and against a normal law.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, or the frame of ``fit.residuals()``.
    ax : Axes, or array of Axes, optional
        Where to draw: one Axes with ``kind``, else one for each panel. A new figure if there is none.
    kind : str, optional
        One panel only: a column of the law, such as ``"N"``, or ``"qq"`` for quantiles against those of a normal
        distribution. By default one panel for each, side by side on a wide figure and stacked on a narrow one.

    Returns
    -------
    Axes with ``kind``, else array of Axes of shape (panels,)

    Raises
    ------
    ScalelawError
        If there is no such panel, or ``ax`` is not one Axes a panel.
    """
    frame = frame_of(fit, _residuals, {}, need=("loss", "predicted", "log_error"))
    columns = before_loss(frame)
    panels = [*columns, "qq"] if kind is None else [kind]
    if kind is not None and kind not in (*columns, "qq"):
        raise ScalelawError(f"residuals are drawn over {', '.join(columns)} or as 'qq', not {kind!r}")
    axes = _axes(ax, panels)
    by = "P" if "P" in columns and frame["P"].nunique() <= len(MARKERS) else None
    for position, (panel, each) in enumerate(zip(panels, axes, strict=True)):
        _qq(each, frame) if panel == "qq" else _over(each, frame, panel, by)
        each.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
        if position == 0 or not _shares(axes):
            each.set_ylabel("Predicted − observed (%)")
    if kind is None:  # the panel over P tells which mark is which
        return axes
    handles, _ = axes[0].get_legend_handles_labels()
    if handles and kind != by:
        legend_above(axes[0], handles, marks=True)
    return axes[0]


def _residuals(fit: Fit) -> pd.DataFrame:
    return fit.residuals()


def _axes(given: Any, panels: list[str]) -> np.ndarray:
    """An array of one Axes a panel."""
    if given is not None:
        axes = np.array([given] if isinstance(given, Axes) else list(np.ravel(given)), dtype=object)
        if len(axes) != len(panels):
            raise ScalelawError(
                f"{len(panels)} panels ({', '.join(panels)}) need as many Axes, and {len(axes)} are given; "
                "give an array of them, or one kind"
            )
        return axes
    width, height = mpl.rcParams["figure.figsize"]
    if len(panels) == 1:
        return np.array([new_figure().add_subplot()], dtype=object)
    if width >= _WIDE:
        figure = new_figure(size=(width, min(height, 1.05 * width / len(panels))))
        return np.ravel(figure.subplots(1, len(panels), sharey=True))
    figure = new_figure(size=(width, GOLDEN * width * 0.75 * len(panels)))
    return np.ravel(figure.subplots(len(panels), 1))


def _shares(axes: np.ndarray) -> bool:
    """Whether the panels have one y axis between them, which is named once."""
    return all(axes[0].get_shared_y_axes().joined(axes[0], each) for each in axes[1:])


def _over(ax: Axes, frame: pd.DataFrame, column: str, by: str | None) -> None:
    scale(ax, "x", column, most=4)
    ax.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    for position, (value, rows) in enumerate(frame.groupby(by) if by else [(None, frame)]):
        look = series(position)
        name = None if by is None else value_label(by, float(value))  # type: ignore[arg-type]
        size = marker_size(len(frame))
        ax.plot(rows[column], 100 * rows["log_error"], look["marker"], color=look["color"], label=name, markersize=size)
    ax.margins(x=0.08)


def _qq(ax: Axes, frame: pd.DataFrame) -> None:
    """Ordered residuals over the normal quantiles, with the line through their quartiles."""
    ordered = np.sort(100 * frame["log_error"].to_numpy(dtype=float))
    normal = NormalDist()
    places = np.array([normal.inv_cdf((i + 0.5) / len(ordered)) for i in range(len(ordered))])
    low, high = np.quantile(ordered, [0.25, 0.75])
    slope = (high - low) / (2 * normal.inv_cdf(0.75))
    ax.axline((0.0, (low + high) / 2), slope=slope, color="0.6", linewidth=0.8, zorder=0)
    ax.plot(places, ordered, "o", color="black", markersize=0.8 * marker_size(len(ordered)))
    ax.set_xlabel("Normal quantile")
