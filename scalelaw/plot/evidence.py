"""Evidence ratios of laws: how much less likely each is than the best."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scalelaw.plot.axes import axes_of
from scalelaw.plot.given import need_columns
from scalelaw.plot.style import series, small

_PLAIN = 3
"""Powers of ten up to which a ratio is written out."""


def evidence(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the evidence ratio of the best law to each as a bar, with the Akaike weights.

    Parameters
    ----------
    frame : DataFrame
        As `scalelaw.evidence` returns it.
    ax : Axes, optional
        Where to draw; a new figure if there is none.

    Returns
    -------
    Axes
        The axis is logarithmic: a bar of length 0 is the best law, one of 1 a law for which the best has ten times the
        evidence. A law without a criterion is left out.

    Raises
    ------
    ScalelawError
        If the frame is another one, or no law has a criterion.
    """
    frame = need_columns(frame, ("law", "aicc_behind", "weight"), maker="evidence", value="aicc_behind")
    # exp(behind / 2) in powers of ten: the ratio itself may be too large for a number
    powers = frame["aicc_behind"].to_numpy(dtype=float) / (2 * np.log(10.0))
    places = np.arange(len(frame))
    ax = axes_of(ax)
    ax.barh(places, powers, height=0.62, color=series(0)["color"], zorder=2)
    for place, power, weight in zip(places, powers, frame["weight"], strict=True):
        ax.annotate(
            _weight(float(weight)), (power, place), (3, 0), textcoords="offset points", va="center", fontsize=small(),
            color="0.3",
        )  # fmt: skip
    ax.set_yticks(places, [str(name) for name in frame["law"]])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 1.35 * powers.max() if powers.max() > 0 else 1.0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _ratio(value)))
    ax.set_xlabel("Evidence ratio of the best law to this one")
    return ax


def _ratio(power: float) -> str:
    return f"{10**power:.0f}" if power < _PLAIN else f"$10^{{{power:.0f}}}$"


def _weight(weight: float) -> str:
    return f"weight {weight:.2g}" if weight >= 0.001 else "weight < 0.001"
