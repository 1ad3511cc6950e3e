"""The best parameters or tokens over the training budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scalelaw.analysis.allocation import allocate
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, legend_above, scale
from scalelaw.plot.given import frame_of, need_columns
from scalelaw.plot.style import series

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_POINTS, _BEYOND = 41, 1e3
_BAR, _AROUND = 6.0, 10.0
"""Of a single budget: points that its bar is wide, and the factor shown on each side of it."""


def allocation(
    fit: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    C: Any = None,
    show: Literal["N", "D"] = "N",
    legend: bool = True,
    **options: Any,
) -> Axes:
    """Draw N* or D* over C: the line, its interval, and, for N, the sizes that lose next to nothing.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit of a law in N and D, or the frame of `scalelaw.allocate`.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    C : numbers or quantities, optional
        Budgets; by default from the cheapest of the runs to a thousand times the dearest.
    show : {"N", "D"}
    legend : bool
    **options
        Those of `scalelaw.allocate`.

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If ``show`` is another word or the frame is not one of `scalelaw.allocate`.
    """
    if show not in ("N", "D"):
        raise ScalelawError(f"an allocation shows N or D, not {show!r}")
    if not isinstance(fit, pd.DataFrame):
        options["C"] = _budgets(fit) if C is None and "loss" not in options else C
    elif C is not None:
        options["C"] = C
    need = ("C", "N", "D", "N_from", "N_to")
    frame = frame_of(fit, allocate, options, need=need)
    frame = need_columns(frame, need, maker="allocate", value="C").sort_values("C")  # a target out of reach has no C
    ax = axes_of(ax)
    scale(ax, "x", "C")
    scale(ax, "y", show)
    look = series(0)
    if show == "N":
        _range(ax, frame["C"], frame["N_from"], frame["N_to"], color="0.88", zorder=1)
    if f"{show}_low" in frame:
        _range(ax, frame["C"], frame[f"{show}_low"], frame[f"{show}_high"], color=look["color"], alpha=0.25, zorder=2)
    ax.plot(frame["C"], frame[show], color=look["color"], marker="o" if len(frame) == 1 else "", zorder=3)
    if len(frame) == 1:  # which has no range of its own
        ax.set_xlim(frame["C"].iloc[0] / _AROUND, frame["C"].iloc[0] * _AROUND)
    if legend:
        _legend(ax, look["color"], show, near=show == "N", band=f"{show}_low" in frame)
    return ax


def _range(ax: Axes, C: pd.Series[float], low: pd.Series[float], high: pd.Series[float], **look: Any) -> None:
    """A band over the budgets, or a bar where there is but one."""
    if len(C) > 1:
        ax.fill_between(C, low, high, linewidth=0, **look)
    else:
        ax.vlines(C, low, high, linewidth=_BAR, **look)


def _legend(ax: Axes, colour: str, show: str, *, near: bool, band: bool) -> None:
    handles: list[Any] = [Line2D([], [], color=colour, label=f"best ${show}$")]
    if band:
        handles.append(Patch(facecolor=colour, alpha=0.25, label="its interval"))
    if near:
        handles.append(Patch(facecolor="0.88", label="nearly as good"))
    legend_above(ax, handles, columns=3)


def _budgets(fit: Fit) -> np.ndarray:
    P = np.asarray(fit.columns.get("P", 1.0), dtype=float)
    columns = {name: np.asarray(fit.columns.get(name, np.nan), dtype=float) for name in ("N", "D")}
    cost = 6.0 * columns["N"] * columns["D"] * P
    if not np.isfinite(cost).all():
        return np.geomspace(1e18, 1e24, _POINTS)  # the analysis says what is missing
    return np.geomspace(cost.min(), cost.max() * _BEYOND, _POINTS)
