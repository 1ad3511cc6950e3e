"""Two laws along a column, and where a run would tell them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import axes_of, legend_above, scale, scale_loss, text, value_label
from scalelaw.plot.style import series, small


def parting(frame: pd.DataFrame, *, ax: Axes | None = None, runs: Any = None, legend: bool = True) -> Axes:
    """Draw what two laws say along a column, the runs' range shaded, with a line from where on one run tells.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.parting` returns it.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    runs : DataFrame or mapping, optional
        Runs to show as points; only those that have the values of the columns held, counts within 3 %.
    legend : bool

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame is another one.
    """
    laws: tuple[str, str] = frame.attrs.get("laws", ("", ""))
    along = str(frame.attrs.get("along", ""))
    if not {*laws, along, "gap"} <= set(frame.columns):
        raise ScalelawError("the frame should be one that parting() returns, with its attrs")
    ax = axes_of(ax)
    scale(ax, "x", along)
    scale_loss(ax)
    x = frame[along].to_numpy(dtype=float)
    for position, law in enumerate(laws):
        look = series(position)
        ax.fill_between(x, frame[f"{law}_low"], frame[f"{law}_high"], color=look["color"], alpha=0.18, linewidth=0)
        ax.plot(x, frame[law], **{**look, "marker": None}, label=law)
    held = [str(name) for name in list(frame.columns)[1 : list(frame.columns).index(laws[0])]]
    if runs is not None:
        _points(ax, frame, runs, along, held)
    inside = x[frame["inside"].to_numpy(dtype=bool)]
    if len(inside):
        ax.axvspan(inside.min(), inside.max(), color="0.94", linewidth=0, zorder=0)
    start = float(frame.attrs.get("apart_from", np.nan))
    if np.isfinite(start):
        ax.axvline(start, color="0.4", linewidth=0.7, linestyle=":")
    said = f"one run tells from {along} = {text(along, start, digits=2)}" if np.isfinite(start) else "no run tells here"
    values = ", ".join(value_label(name, float(frame[name].iloc[0])) for name in held)
    ax.text(0.02, 0.03, "\n".join(filter(None, (values, said))), transform=ax.transAxes, fontsize=small(), va="bottom")
    if legend:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=2)
    ax.margins(x=0.02)
    return ax


def _points(ax: Axes, frame: pd.DataFrame, runs: Any, along: str, held: list[str]) -> None:
    table = {name: np.asarray(values) for name, values in dict(runs.items()).items()}
    keep = np.ones(len(table["loss"]), bool)
    for name in held:
        value = float(frame[name].iloc[0])
        near = np.log(1.03) if name in ("N", "D", "N_backbone", "U") else 1e-6
        keep &= np.abs(np.log(np.asarray(table[name], dtype=float) / value)) <= near
    ax.plot(table[along][keep], table["loss"][keep], "o", color="0.2", markersize=3, linestyle="none", zorder=3)
