"""A test of a law against a larger one: the statistic over what it is when the smaller law is true."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from scalelaw.fit.comparing.deviance import BY_F
from scalelaw.plot.axes import RoundLog, axes_of, legend_above
from scalelaw.plot.given import need_columns
from scalelaw.plot.style import series, small

_LEVEL, _LEAST = 0.05, 1e-30
_LONGEST = 48
"""Names of laws that make a longer label are left out: formulas would run off the page."""


def nested(frame: pd.DataFrame, *, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Draw the chance of a statistic as large as each under the smaller law, and where the test's statistic is.

    Parameters
    ----------
    frame : DataFrame
        The row that `scalelaw.nested_test` returns.
    ax : Axes, optional
        Where to draw; a new figure if there is none.
    legend : bool

    Returns
    -------
    Axes
        The line is the F distribution's upper tail; the marks are ``f_p``, which lies on it, and ``p`` where that is by
        new tables. For checkpoints of runs, of which the F distribution says nothing, the line is that of as many
        independent rows and says so. A p below 1e-30 is drawn there.

    Raises
    ------
    ScalelawError
        If the frame is another one.
    """
    from scipy.special import fdtrc, fdtri

    row = need_columns(
        frame, ("small", "large", "df", "spare", "statistic", "p", "p_by", "f_p"), maker="nested_test"
    ).iloc[0]
    df, spare, statistic = float(row["df"]), float(row["spare"]), float(row["statistic"])
    limit = float(fdtri(df, spare, 1 - _LEVEL))
    ends = min(limit / 20, statistic / 2) if statistic > 0 else limit / 20, max(limit * 4, statistic * 2)
    over = np.geomspace(*ends, 200)
    tail = np.maximum(fdtrc(df, spare, over), _LEAST)
    ax = axes_of(ax)
    classical = bool(np.isfinite(row["f_p"]))
    words = f"$F$({df:g}, {spare:g})" + ("" if classical else ", of independent rows")
    ax.plot(over, tail, color=series(0)["color"], linestyle="-" if classical else ":", label=words)
    ax.axhline(_LEVEL, color="0.6", linewidth=0.6, zorder=0)
    ax.annotate(
        f"{_LEVEL:g}", (1, _LEVEL), (-2, 2), ("axes fraction", "data"), "offset points",
        ha="right", fontsize=small(), color="0.4",
    )  # fmt: skip
    ways = [("f_p", "p")] if classical else []
    ways += [("p", "bootstrap p")] if row["p_by"] != BY_F else []
    for position, (name, words) in enumerate(ways, start=1):
        look = series(position)
        p = float(row[name])
        at = (max(statistic, ends[0]), max(p, _LEAST))
        ax.plot(*at, look["marker"], color=look["color"], markersize=6, label=f"{words} = {p:.2g}", zorder=3)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.xaxis.set_major_locator(RoundLog())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_locator(LogLocator(numticks=6))
    ax.set_xlim(*ends)
    ax.set_ylim(top=2.0)
    against = f"$F$ of {row['large']} against {row['small']}"
    ax.set_xlabel(against if len(against) <= _LONGEST else "$F$ of the larger law against the smaller one")
    ax.set_ylabel("Chance of as large a one")
    if legend:
        legend_above(ax, ax.get_legend_handles_labels()[0], columns=2)
    return ax
