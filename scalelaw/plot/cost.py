"""Loss against memory and latency, as streams are added and as parameters are: the paper's Figures 1 and 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scalelaw.analysis.plan import added_at_equal_loss, ways_to_scale
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, label, legend_above, new_figure
from scalelaw.plot.given import frame_of, level_of
from scalelaw.plot.style import series, small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

Cost = Literal["memory", "latency"]
_UNITS = {"memory": (2**30, "Memory (GiB)"), "latency": (1.0, "Latency (s)")}
_NEED = ("batch", "way", "N", "P", "memory", "latency", "loss")
NARROW = 0.2
"""Share of a panel's width below which a ratio does not fit between the two ends that it compares."""
_WAYS = {"streams": "more streams", "parameters": "more parameters"}


def cost(
    fit: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    x: Cost = "memory",
    level: float | None = 0.95,
    annotate: bool = True,
    legend: bool = True,
    **options: Any,
) -> Axes:
    """Draw the two ways to a lower loss against what they cost, at one batch size.

    An arrow leads along each way from the model that both start from; the ratio of what they add for the loss that the
    most streams reach is written beside them. Of measured costs (`scalelaw.analysis.measured_ways`) the noisy ones
    are hollow.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit of a law in N and P, or the frame of `scalelaw.analysis.ways_to_scale`, of one batch size.
    ax : Axes, optional
    x : {"memory", "latency"}
    level : float, optional
        Level of the bands, drawn where the fit has bootstrap draws.
    annotate, legend : bool
    **options
        Those of `scalelaw.analysis.ways_to_scale`; ``batch`` is 1 unless it is given.

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame has several batch sizes, or ``x`` is neither cost.
    """
    if x not in _UNITS:
        raise ScalelawError(f"a cost is memory or latency, not {x!r}")
    if not isinstance(fit, pd.DataFrame):
        options = {"batch": 1, "level": level_of(fit, level), **options}
    frame = frame_of(fit, ways_to_scale, options, need=_NEED)
    if len(set(frame["batch"])) != 1:
        raise ScalelawError("one figure shows one batch size; choose rows of one, or draw cost_panels")
    ax = axes_of(ax)
    ax.margins(y=0.12)  # for the ratio, below the lowest loss
    unit, name = _UNITS[x]
    for position, (way, words) in enumerate(_WAYS.items()):
        line = frame[frame["way"] == way].sort_values("loss", ascending=False)
        look = series(position)
        at = line[x].to_numpy(dtype=float) / unit
        if level is not None and "low" in line:
            ax.fill_between(at, line["low"], line["high"], color=look["color"], alpha=0.18, linewidth=0)
        ax.plot(at, line["loss"], **look, label=words)
        if "noisy" in line:
            hollow = {**look, "linestyle": "none", "markerfacecolor": "white"}
            ax.plot(at[line["noisy"]], line["loss"][line["noisy"]], **hollow)
        _arrow(ax, at, line["loss"].to_numpy(dtype=float), str(look["color"]))
    ax.set_xlabel(name)
    ax.set_ylabel(label("loss"))
    if annotate:
        _ratio(ax, frame, x)
    if legend:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=2)
    return ax


def cost_panels(
    fit: Fit | pd.DataFrame, *, level: float | None = 0.95, figure: Figure | None = None, **options: Any
) -> np.ndarray:
    """Draw `cost` for every batch size: memory in the upper row and latency in the lower one, the paper's Figure 4.

    Parameters
    ----------
    fit : Fit or DataFrame
    level : float, optional
    figure : Figure, optional
        An empty one to draw in; by default a new one over the width of the current style.
    **options
        Those of `scalelaw.analysis.ways_to_scale`.

    Returns
    -------
    array of Axes of shape (2, batch sizes)
    """
    if not isinstance(fit, pd.DataFrame):
        options = {"level": level_of(fit, level), **options}
    frame = frame_of(fit, ways_to_scale, options, need=_NEED)
    batches = sorted(frame["batch"].unique())
    if figure is None:
        width, height = mpl.rcParams["figure.figsize"]
        figure = new_figure(size=(width, max(height, 0.95 * width * 2 / max(2, len(batches)))))
    panels = figure.subplots(2, len(batches), sharey=True, squeeze=False)
    for column, batch in enumerate(batches):
        rows = frame[frame["batch"] == batch]
        for ax, x in zip(panels[:, column], _UNITS, strict=True):
            cost(rows, ax=ax, x=x, level=level, legend=False)  # type: ignore[arg-type]
            if column:
                ax.set_ylabel("")
        panels[0, column].set_title(f"batch {batch}")
    handles, _ = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return panels


def _arrow(ax: Axes, x: np.ndarray, y: np.ndarray, colour: str) -> None:
    """An arrow along the last part of a way."""
    ax.annotate(
        "", (x[-1], y[-1]), xytext=(x[-2], y[-2]), arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 0.8}
    )


def _ratio(ax: Axes, frame: pd.DataFrame, x: Cost) -> None:
    """The ratio of what is added, and a line at the loss it is read at."""
    added = added_at_equal_loss(frame).iloc[0]
    ratio = added[f"{x}_ratio"]
    if not np.isfinite(ratio):
        return
    unit, _ = _UNITS[x]
    ends = [added[f"{x}_streams"] / unit, added[f"{x}_parameters"] / unit]
    ax.plot(ends, [added["loss"]] * 2, color="0.4", linestyle=":", linewidth=0.8, marker="|", markersize=5)
    # between the ends, below; below on the left, where no way leads, if they are too near; where parameters are the
    # cheaper way their line lies there, and the right is free
    left, right = ax.get_xlim()
    if ratio < 1:  # room of the panel's own, so that panels stay alike
        ax.set_xlim(left, right + 0.3 * (right - left))
        at, offset, ha, va = max(ends), (5, 0), "left", "center"
    elif max(ends) - min(ends) < NARROW * (right - left):
        at, offset, ha, va = min(ends), (-1, -3), "right", "top"
    else:
        at, offset, ha, va = float(np.mean(ends)), (0, -3), "center", "top"
    note = ax.annotate(
        rf"$\times${ratio:.3g}",
        (at, added["loss"]),
        xytext=offset,
        textcoords="offset points",
        ha=ha,
        va=va,
        fontsize=small(),
    )
    note.set_in_layout(False)
