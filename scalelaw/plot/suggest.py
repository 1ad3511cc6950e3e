"""Runs at hand and runs to train next, over the budgets that they take, or what each makes of the uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scalelaw.analysis.suggest import suggest as analyse
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, legend_above, scale, text
from scalelaw.plot.given import frame_of, runs_of
from scalelaw.plot.style import COLOURS, MARKERS, marker_size, small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_PLANES = (("N", "D"), ("N", "P"))
_LINES = 5
_ROOM = 0.08
"""Of the axis, beside its left end, in which the name of a line would lie over the ticks."""


def suggest(
    fit: Fit | pd.DataFrame,
    *,
    runs: Any = None,
    ax: Axes | None = None,
    show: Literal["runs", "error"] | None = None,
    legend: bool = True,
    **options: Any,
) -> Axes:
    """Draw the next runs among those at hand, with lines of equal training FLOPs, or the error after each of them.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit, or the frame of `scalelaw.suggest`.
    runs : DataFrame or mapping, optional
        Runs at hand; those fitted by default, none for a frame.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    show : {"runs", "error"}, optional
        The plane of N and D, or of N and P where all have one D; or the standard error of the quantity over the FLOPs
        spent. By default the plane where there is one.
    legend : bool
    **options
        Those of `scalelaw.suggest`, for a fit: ``of``, ``budget``, ``k`` and others.

    Returns
    -------
    Axes
        A number at a mark is how often that run is to be trained, with other seeds. Lines are where 6 N D P is a power
        of ten, at the P of all runs where that is one; they are left out where the frame's costs are others.

    Raises
    ------
    ScalelawError
        If the frame is another one, or has no such plane.
    """
    frame = frame_of(fit, analyse, options, need=("C", "C_total", "standard_error"))
    at_hand = runs_of(fit, fit.table if runs is None and not isinstance(fit, pd.DataFrame) else runs)
    plane = _plane(frame, at_hand)
    if show not in (None, "runs", "error"):
        raise ScalelawError(f"a figure of suggestions shows runs or error, not {show!r}")
    if show == "runs" and plane is None:
        raise ScalelawError("a plane of runs needs N with D or P, and the frame has neither; take show='error'")
    ax = axes_of(ax)
    if plane is None or show == "error":
        _errors(ax, frame)
    else:
        _runs(ax, frame, at_hand, plane, legend=legend)
    return ax


def _plane(frame: pd.DataFrame, runs: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """The two columns to draw: N and D unless P alone differs, in the runs as well."""
    known = [plane for plane in _PLANES if set(plane) <= set(frame)]
    tokens = {*map(float, frame.get("D", ())), *map(float, (runs or {}).get("D", ()))}
    if len(known) == 2 and len(tokens) == 1:
        return _PLANES[1]
    return known[0] if known else None


def _runs(
    ax: Axes, frame: pd.DataFrame, runs: Mapping[str, Any] | None, plane: tuple[str, str], *, legend: bool
) -> None:
    x, y = plane
    scale(ax, "x", x)
    scale(ax, "y", y)
    handles = []
    if runs is not None and set(plane) <= set(runs):
        size = marker_size(len(runs[x]))
        ax.plot(runs[x], runs[y], "o", color="0.6", markersize=size, markeredgewidth=0.0, zorder=2)
        handles.append(Line2D([], [], color="0.6", marker="o", linestyle="none", markersize=size, label="at hand"))
    others = [name for name in ("P",) if name in frame and name not in plane]
    values = sorted(set(frame["P"].tolist())) if others else [None]
    for position, value in enumerate(values):
        part = frame if value is None else frame[frame["P"] == value]
        counts = part.groupby([x, y]).size()
        looks: dict[str, Any] = {
            "marker": MARKERS[position % len(MARKERS)],
            "color": COLOURS[(position + 1) % len(COLOURS)],
        }
        cells = np.array(counts.index.tolist(), dtype=float)
        ax.plot(cells[:, 0], cells[:, 1], linestyle="none", markersize=6, markeredgecolor="white", zorder=4, **looks)
        for (size, other), count in zip(cells, counts, strict=True):
            if count > 1:
                ax.annotate(f"{count}×", (size, other), (5, 4), textcoords="offset points", fontsize=small(), zorder=5)
        name = "next" if value is None else f"next, $P$ = {value:g}"
        handles.append(Line2D([], [], linestyle="none", markersize=6, markeredgecolor="white", label=name, **looks))
    ax.margins(0.1)
    _budgets(ax, frame, plane)
    if legend:
        legend_above(ax, handles, columns=4, marks=True)


def _budgets(ax: Axes, frame: pd.DataFrame, plane: tuple[str, str]) -> None:
    """Lines of equal 6 N D P, where that is what the runs cost."""
    size = {name: frame[name].to_numpy(dtype=float) if name in frame else np.ones(len(frame)) for name in "NDP"}
    rest = {name: np.unique(values) for name, values in size.items() if name not in plane}
    priced = "D" in frame and np.allclose(6 * size["N"] * size["D"] * size["P"], frame["C"], rtol=1e-6)
    if not priced or any(len(values) > 1 for values in rest.values()):
        return
    factor = 6 * float(np.prod([values[0] for values in rest.values()]))
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    powers = np.arange(np.ceil(np.log10(factor * left * bottom)), np.floor(np.log10(factor * right * top)) + 1)
    across = np.geomspace(left, right, 2)
    for power in powers[:: -(-len(powers) // _LINES) or 1]:
        ax.plot(across, 10**power / factor / across, color="0.85", linewidth=0.6, zorder=1)
        _name(ax, 10**power, factor, (left, right, bottom, top))
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)


def _name(ax: Axes, budget: float, factor: float, ends: tuple[float, float, float, float]) -> None:
    """The budget at the end of its line, inside of the right or the lower edge."""
    left, right, bottom, top = ends
    at, up = right, budget / factor / right
    if up < bottom:
        at, up = budget / factor / bottom, bottom
    if left * (right / left) ** _ROOM < at <= right and bottom <= up < top:
        ax.annotate(
            text("C", budget), (at, up), (-1, 1), textcoords="offset points",
            ha="right", va="bottom", color="0.55", fontsize=small(),
        )  # fmt: skip


def _errors(ax: Axes, frame: pd.DataFrame) -> None:
    scale(ax, "x", "C")
    before = float(frame["standard_error"].iloc[0] / frame["ratio"].iloc[0]) if "ratio" in frame else np.nan
    ax.plot(frame["C_total"], frame["standard_error"], marker=MARKERS[0], color=COLOURS[0])
    if np.isfinite(before):
        ax.axhline(before, color="0.6", linewidth=0.8)
        ax.annotate(
            "runs at hand", (1, before), (0, -2), ("axes fraction", "data"), "offset points",
            ha="right", va="top", fontsize=small(), color="0.4",
        )  # fmt: skip
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    ax.set_xlabel("Training compute of the new runs (FLOP)")
    ax.set_ylabel("Standard error")
