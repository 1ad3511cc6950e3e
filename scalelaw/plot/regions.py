"""A map of the best number of streams over batch size and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap

from scalelaw.analysis.plan import choice_regions as analysed
from scalelaw.plot.axes import axes_of
from scalelaw.plot.given import frame_of
from scalelaw.plot.style import small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_UNSURE = 0.05


def choice_regions(fit: Fit | pd.DataFrame, *, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw the best number of streams for every batch size and memory; 1 where parameters win.

    A number in italics is one that the bootstrap draws do not agree on: streams win under more than one and less than
    nineteen in twenty. A cell where nothing fits is empty.

    Parameters
    ----------
    fit : Fit or DataFrame
        A fit of a law in N and P, or the frame of `scalelaw.analysis.choice_regions`.
    ax : Axes, optional
    **options
        Those of `scalelaw.analysis.choice_regions`; ``hardware`` is needed with a fit.

    Returns
    -------
    Axes
    """
    frame = frame_of(fit, analysed, options, need=("batch", "memory", "P"))
    ax = axes_of(ax)
    table = _table(frame, "P")
    shares = _table(frame, "share") if "share" in frame else None
    most = int(np.nanmax([*table.to_numpy().ravel(), 2]))
    steps = [0.5, *(np.arange(1, most + 1) + 0.5)]
    # one stream, where parameters win, is grey; more streams are deeper blue
    blues = [(0.0, 0.45, 0.70, float(share)) for share in np.linspace(0.2, 0.9, most - 1)]
    ax.pcolormesh(
        np.arange(len(table.columns) + 1),
        np.arange(len(table.index) + 1),
        np.ma.masked_invalid(table.to_numpy()),
        cmap=ListedColormap([(0.85, 0.85, 0.85, 1.0), *blues]),
        norm=BoundaryNorm(steps, most),
        edgecolors="white",
        linewidth=0.8,
    )
    for row, column in np.ndindex(table.shape):
        value = table.to_numpy()[row, column]
        if np.isfinite(value):
            share = 1.0 if shares is None else float(shares.to_numpy()[row, column])
            unsure = _UNSURE < share < 1 - _UNSURE
            ax.text(
                column + 0.5,
                row + 0.5,
                f"{value:.0f}",
                ha="center",
                va="center",
                fontsize=small(),
                style="italic" if unsure else "normal",
            )
    ax.set_xticks(np.arange(len(table.columns)) + 0.5, [f"{batch}" for batch in table.columns])
    ax.set_yticks(np.arange(len(table.index)) + 0.5, [f"{size / 2**30:.3g}" for size in table.index])
    ax.tick_params(length=0)
    ax.set_xlabel("Batch size")
    ax.set_ylabel("Memory (GiB)")
    ax.set_title("best number of streams $P$", fontsize=small())
    return ax


def _table(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """One column of the frame, memory down and batch across; NaN where nothing fits."""
    return frame.astype({name: float}).pivot_table(index="memory", columns="batch", values=name, dropna=False)
