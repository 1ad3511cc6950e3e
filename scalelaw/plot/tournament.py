"""Laws on every holdout, with intervals, and two laws against each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from scalelaw.laws.latex import symbol
from scalelaw.plot.axes import RoundLog, axes_of, legend_above
from scalelaw.plot.given import need_columns
from scalelaw.plot.style import series, small

_SPREAD = 0.6
_SIZES = ("N", "P", "D", "C")


def tournament(frame: pd.DataFrame, *, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Draw the errors of laws on runs they have not seen, a row a law and a mark a holdout, with intervals.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.tournament` returns it.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    legend : bool

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame is another one, or no law has an error.
    """
    frame = need_columns(frame, ("holdout", "law", "error", "low", "high"), maker="tournament", value="error")
    ways = list(dict.fromkeys(frame["holdout"]))
    ranks = frame.assign(rank=frame.groupby("holdout")["error"].rank()).groupby("law")["rank"].mean()
    laws = [str(name) for name in ranks.sort_values(kind="stable").index]
    ax = axes_of(ax)
    for position, way in enumerate(ways):
        look = series(position)
        rows = frame[frame["holdout"] == way]
        shift = _SPREAD * ((position + 0.5) / len(ways) - 0.5)
        places = np.array([laws.index(str(law)) for law in rows["law"]]) + shift
        errors, low, high = (rows[name].to_numpy(dtype=float) for name in ("error", "low", "high"))
        ax.hlines(places, low, high, color=look["color"], linewidth=0.9)
        ax.plot(errors, places, look["marker"], color=look["color"], label=holdout_words(way), clip_on=False)
    ax.set_yticks(np.arange(len(laws)), laws)
    ax.set_ylim(len(laws) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_axisbelow(True)
    for place in np.arange(0.5, len(laws) - 1):
        ax.axhline(place, color="0.9", linewidth=0.4, zorder=0)
    known = frame["error"].to_numpy(dtype=float)
    known = known[known > 0]
    if len(known) and known.max() > 8 * known.min():
        ax.set_xscale("log")
        ax.set_xlim(left=known.min() / 4)  # an interval that reaches down to nothing is cut
        ax.xaxis.set_major_locator(RoundLog())
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_xlim(left=0)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    ax.set_xlabel("Error on held-out runs (%)")
    if legend and len(ways) > 1:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=4, side="right", marks=True)
    return ax


def duel(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw by how much two laws' errors differ on every holdout, and in how many resamples the one that errs less does.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.duel` returns it.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ScalelawError
        If the frame is another one, or has no difference.
    """
    need = ("holdout", "difference", "low", "high", "wins")
    frame = need_columns(frame, need, maker="duel", value="difference")
    first, second = (str(name) for name in frame.columns[2:4])
    ax = axes_of(ax)
    places = np.arange(len(frame))
    ax.axvline(0.0, color="0.5", linewidth=0.6, zorder=0)
    ax.hlines(places, frame["low"], frame["high"], color=series(0)["color"], linewidth=1.0)
    ax.plot(frame["difference"], places, series(0)["marker"], color=series(0)["color"])
    ax.set_yticks(places, [holdout_words(str(way)) for way in frame["holdout"]])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.set_xlabel(f"Error of {first} minus {second} (points of %)")
    low, high = ax.get_xlim()
    for place, share, at in zip(places, frame["wins"], frame["difference"], strict=True):
        words = "no resample tells" if np.isnan(share) else _won(first, second, share, at)
        side = "left" if at < (low + high) / 2 else "right"
        ax.text(at, place - 0.12, words, ha=side, va="bottom", fontsize=small(), color="0.3")
    return ax


def _won(first: str, second: str, share: float, difference: float) -> str:
    """The law that errs less, and in how many of the resamples; ``share`` is that of the first."""
    better, wins = (first, share) if difference <= 0 else (second, 1 - share)
    return f"{better} {'' if wins >= 0.5 else 'only '}{100 * wins:.0f} %"


def holdout_words(way: str) -> str:
    """What was held out, as a figure says it.

    Examples
    --------
    >>> [holdout_words(way) for way in ("loo", "P", "rolling", "N>1B")]
    ['each run', 'largest $P$', 'dearest runs', 'N>1B']
    """
    if way in _SIZES:
        return f"largest ${symbol(way)}$"
    return {"loo": "each run", "rolling": "dearest runs"}.get(way, way)
