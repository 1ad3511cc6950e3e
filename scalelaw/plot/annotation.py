"""The fitted law written into a figure: formula, parameters, R2, where they hide nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from scalelaw.laws.latex import symbol
from scalelaw.plot.style import small

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_A_LINE = 3


def annotate_law(ax: Axes, fit: Fit) -> Text:
    """Write the law in the lower left corner, which falling curves leave free, or above the axes if these do not."""
    note = ax.text(0.02, 0.03, law_text(fit), transform=ax.transAxes, fontsize=small(), va="bottom", linespacing=1.35)
    # a layout settles when the figure is drawn, and only then is it known what the text would hide
    ax.get_figure(root=True).draw_without_rendering()  # type: ignore[union-attr]
    if _hides(ax, note.get_window_extent()):
        note.set_position((0.0, 1.02))
    return note


def law_text(fit: Fit) -> str:
    """Formula, parameters and R2 in a few lines of mathtext."""
    entries = [f"${symbol(name)}$ = {_number(value)}" for name, value in fit.params.items()]
    entries.append(f"$R^2$ = {fit.r2:.4f}")
    lines = [", ".join(entries[begin : begin + _A_LINE]) for begin in range(0, len(entries), _A_LINE)]
    if fit.law.latex and "quad" not in fit.law.latex:
        # mathtext sets no space before the name of a function
        lines.insert(0, "$L = " + re.sub(r"(?<=\w) (\\(?:ln|log)\b)", r"\\,\1", fit.law.latex) + "$")
    return "\n".join(lines)


def _number(value: float) -> str:
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}$" if exponent else mantissa


def _hides(ax: Axes, box: Bbox) -> bool:
    """Whether a line or a point of the axes lies under a box, in pixels."""
    parts = [ax.transData.transform(line.get_xydata()) for line in ax.lines if len(line.get_xydata())]  # type: ignore[arg-type]
    parts += [ax.transData.transform(np.asarray(marks.get_offsets())) for marks in ax.collections]
    inside = [(part > box.min).all(axis=1) & (part < box.max).all(axis=1) for part in parts]
    return any(bool(each.any()) for each in inside)
