"""Axes: where a figure is drawn, and how the columns of the runs table are scaled, ticked and named on it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    Formatter,
    Locator,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    ScalarFormatter,
)

from scalelaw.laws.latex import symbol

_NAMES = {
    "N": "Parameters $N$",
    "N_backbone": "Backbone parameters $N$",
    "P": "Streams $P$",
    "D": "Training tokens $D$",
    "U": "Unique tokens $U$",
    "C": "Training compute $C$ (FLOP)",
    "loss": "Loss (nats per token)",
}
_COUNTS = ("N", "N_backbone", "D", "U")
_TENTH, _WHOLE = 1e8, 1e9
"""From where counts are written in billions, as the field does; beside smaller ones, from one billion."""


def new_figure(*, size: tuple[float, float] | None = None) -> Figure:
    """A figure of the current settings.

    It is pyplot's where pyplot is in use or a notebook runs, so that it is displayed; in a script or on a server it
    is a plain Figure, which nothing holds once the caller has let go of it.
    """
    if "matplotlib.pyplot" in sys.modules or _in_notebook():
        import matplotlib.pyplot as plt

        return plt.figure(figsize=size)
    return Figure(figsize=size)


def axes_of(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure."""
    return new_figure().add_subplot() if ax is None else ax


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None


def label(name: str) -> str:
    """What an axis of a column is called."""
    return _NAMES.get(name, f"${symbol(name)}$" if name.isidentifier() else name)


def value_label(name: str, value: float) -> str:
    """A value of a column as a legend says it.

    Examples
    --------
    >>> value_label("P", 8.0), value_label("N", 535813376)
    ('$P$ = 8', '$N$ = 0.54B')
    """
    return f"${symbol(name)}$ = {text(name, value, digits=2)}"


def text(name: str, value: float, *, digits: int = 6, billions: float = _TENTH) -> str:
    """A value of a column as a tick says it, counts with at most so many digits after the point.

    ``billions`` is the count from which they are written as ``0.1B``.

    Examples
    --------
    >>> text("N", 5e8), text("D", 2e12), text("N", 7e7), text("P", 2.0)
    ('0.5B', '2T', '70M', '2')
    """
    if name in _COUNTS:
        for least, unit, letter in ((1e12, 1e12, "T"), (billions, 1e9, "B"), (1e6, 1e6, "M"), (1e3, 1e3, "K")):
            if value >= least * (1 - 1e-9):
                return f"{round(value / unit, digits):.4g}{letter}"
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return f"${power}$" if mantissa == "1" else rf"${mantissa} \times {power}$"


class Said(Formatter):
    """Ticks as `text` says them, and no ``50M`` beside ``0.1B``."""

    def __init__(self, name: str):
        self._name = name

    def __call__(self, value: float, pos: int | None = None) -> str:  # noqa: ARG002
        return text(self._name, value)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All ticks of an axis, which share what they are written in."""
        millions = any(value < _TENTH * (1 - 1e-9) for value in values)
        return [text(self._name, value, billions=_WHOLE if millions else _TENTH) for value in values]


class RoundLog(Locator):
    """Ticks at 1, 2 and 5 times powers of ten where few fit, else at powers of ten, thinned to at most ``most``."""

    def __init__(self, most: int = 6):
        self.most = most

    def __call__(self) -> Sequence[float]:
        return self.tick_values(*self.axis.get_view_interval())  # type: ignore[union-attr]

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        low, high = sorted((vmin, vmax))
        if not 0 < low < high < np.inf:
            return []
        powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        for factors in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
            ticks = np.outer(powers, factors).ravel()
            ticks = ticks[(ticks >= low * (1 - 1e-9)) & (ticks <= high * (1 + 1e-9))]
            if len(ticks) <= self.most:
                break
        if len(ticks) < 3:
            near = MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(low, high)
            return [float(tick) for tick in near if low <= tick <= high]
        return [float(tick) for tick in ticks[:: -(-len(ticks) // self.most)]]


def scale(ax: Axes, which: Literal["x", "y"], name: str, *, most: int = 6) -> None:
    """Scale, ticks and name of an axis that shows a column: log2 for P, log10 for what else spans sizes."""
    axis = _log(ax, which, base=2 if name == "P" else 10)
    axis.set_label_text(label(name))
    if name == "P":
        axis.set_major_locator(LogLocator(base=2))
        axis.set_minor_locator(NullLocator())
    else:
        axis.set_major_locator(RoundLog(most))
        axis.set_minor_locator(LogLocator(subs="all", numticks=99))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(Said(name))


def scale_loss(ax: Axes) -> None:
    """A log axis of losses up the figure; they span so little that their ticks are those of a linear one."""
    axis = _log(ax, "y", base=10)
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_minor_locator(NullLocator())
    plain = ScalarFormatter(useOffset=False)
    plain.set_scientific(False)
    axis.set_major_formatter(plain)
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(label("loss"))


def _log(ax: Axes, which: Literal["x", "y"], *, base: int) -> Axis:
    if which == "x":
        ax.set_xscale("log", base=base)
        return ax.xaxis
    ax.set_yscale("log", base=base)
    return ax.yaxis


def legend_above(
    ax: Axes,
    handles: Sequence[Any],
    *,
    columns: int = 4,
    side: Literal["left", "right"] = "left",
    marks: bool = False,
) -> None:
    """A legend over the axes, outside of the data, from their left end or up to their right one; of marks only?"""
    ax.legend(
        handles=list(handles),
        loc="lower left" if side == "left" else "lower right",
        bbox_to_anchor=(0.0 if side == "left" else 1.0, 1.0),
        borderaxespad=0.2,
        ncols=min(columns, len(handles)),
        columnspacing=1.2,
        handlelength=1.0 if marks else None,
        frameon=False,
        fontsize=mpl.rcParams["legend.fontsize"],
    )
