"""What streams are worth in parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scalelaw import analysis
from scalelaw.fit.intervals import check_kind
from scalelaw.plot.axes import axes_of, legend_above, scale, value_label
from scalelaw.plot.given import frame_of
from scalelaw.plot.style import series, small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_POINTS = 49


def equivalence(
    fit: Fit | pd.DataFrame,
    *,
    ax: Axes | None = None,
    N: Any = None,
    P: Any = None,
    level: float | None = 0.95,
    annotate: bool = True,
    legend: bool = True,
    **options: Any,
) -> Axes:
    """Draw the parameters that a P = 1 model needs for the same loss, over P, a line for each N.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit of a law in N and P, or the frame of `scalelaw.analysis.equivalence`.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    N : numbers or quantities, optional
        By default the smallest, the middle and the largest model with the fewest streams among the runs.
    P : numbers, optional
        By default 1 to the most streams among the runs, closely spaced; marks stand at the powers of two.
    level : float, optional
        Level of the band around each line, drawn where the fit has bootstrap draws; None for no band. A frame with
        ``N_low`` and ``N_high`` has its band whatever the number.
    annotate : bool
        Write the multiplier at the end of each line.
    legend : bool
    **options
        Those of `scalelaw.analysis.equivalence`: ``kind`` and columns to hold.

    Returns
    -------
    Axes
    """
    check_kind(level, options.get("kind", "bc"))
    if not isinstance(fit, pd.DataFrame) and {"N", "P"} <= set(fit.law.columns):
        N, P = _sizes(fit) if N is None else N, _streams(fit) if P is None else P
    options |= {name: value for name, value in (("N", N), ("P", P)) if value is not None}
    if not isinstance(fit, pd.DataFrame):
        options = {"N": N, "P": P, "level": level} | options
    frame = frame_of(fit, analysis.equivalence, options, need=("N", "P", "N_equivalent", "multiplier"))
    ax = axes_of(ax)
    scale(ax, "x", "P")
    scale(ax, "y", "N")
    ax.set_ylabel("Equivalent $N$ at $P$ = 1")
    for position, (size, line) in enumerate(frame.groupby("N")):
        _line(ax, line.sort_values("P"), float(size), position, band=level is not None, annotate=annotate)  # type: ignore[arg-type]
    handles, _ = ax.get_legend_handles_labels()
    if legend and len(handles) > 1:
        legend_above(ax, handles, columns=3)
    return ax


def _line(ax: Axes, line: pd.DataFrame, size: float, position: int, *, band: bool, annotate: bool) -> None:
    look = series(position)
    marker = look.pop("marker")
    line = line[np.isfinite(line["N_equivalent"])]
    if band and "N_low" in line:
        ax.fill_between(line["P"], line["N_low"], line["N_high"], color=look["color"], alpha=0.18, linewidth=0)
    whole = np.isclose(np.log2(line["P"]) % 1, 0) if len(line) > 12 else np.ones(len(line), dtype=bool)
    at = np.flatnonzero(whole).tolist()
    ax.plot(line["P"], line["N_equivalent"], **look, marker=marker, markevery=at, label=value_label("N", size))
    if annotate and len(line):
        last = line.iloc[-1]
        ax.annotate(
            rf"$\times${last['multiplier']:.2f}",
            (last["P"], last["N_equivalent"]),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=small(),
            color=look["color"],
            annotation_clip=False,
        )


def _sizes(fit: Fit) -> np.ndarray:
    few = fit.columns["P"] == np.min(fit.columns["P"])
    sizes = np.unique(np.asarray(fit.columns["N"], dtype=float)[few])
    return sizes[np.unique([0, (len(sizes) - 1) // 2, len(sizes) - 1])]


def _streams(fit: Fit) -> np.ndarray:
    most = max(2.0, float(np.max(fit.columns["P"])))
    powers = 2.0 ** np.arange(np.floor(np.log2(most)) + 1)
    return np.union1d(np.geomspace(1.0, most, _POINTS), powers)
