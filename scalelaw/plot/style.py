"""How figures look: page widths of venues, fonts, and colours that survive greyscale and colour blindness."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler

from scalelaw.errors import ScalelawError

VENUES: Mapping[str, tuple[float, float]] = {
    "icml": (3.25, 6.75),
    "neurips": (5.5, 5.5),
    "iclr": (5.5, 5.5),
    "aistats": (3.25, 6.75),
    "jmlr": (6.0, 6.0),
    "paper": (3.5, 7.0),
}
"""Width in inches of a figure over one and over two columns of the page; pages of one column have one width."""

GOLDEN = (math.sqrt(5) - 1) / 2
TEXT, SMALL = 9.0, 7.0

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C00")
"""Okabe and Ito's colours, the yellow darkened so that it shows on white."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = (
    *("-", (0, (5, 1.5)), (0, (3, 1.2, 1, 1.2)), (0, (1, 1))),
    *((0, (7, 1.5, 1, 1.5, 1, 1.5)), (0, (4, 3)), (0, (2, 2)), (0, (1, 2.5))),
)
"""A colour, a marker and a dash for each series, so that it can be told in greyscale too."""

OUTPUT: Mapping[Any, Any] = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "scalelaw",
}
"""Fonts embedded as TrueType, text of SVG as text, and the same identifiers every time."""


@contextmanager
def style(venue: str = "paper", *, columns: int = 1) -> Iterator[None]:
    """Draw for a venue's page within a ``with`` block.

    Width by venue and columns, height by the golden ratio, 9 pt text with 7 pt ticks and legends, a Times-like font
    that ships with Matplotlib, constrained layout, embedded TrueType fonts.

    Parameters
    ----------
    venue : {"icml", "neurips", "iclr", "aistats", "jmlr", "paper"}
    columns : {1, 2}
        Columns of the page that the figure spans; NeurIPS, ICLR and JMLR have one, which is the width for either.

    Raises
    ------
    ScalelawError
        If the venue or the number of columns is unknown.

    Examples
    --------
    >>> with style("icml", columns=2):
    ...     float(mpl.rcParams["figure.figsize"][0])
    6.75
    """
    if venue not in VENUES:
        raise ScalelawError(f"no style is called {venue!r}; there are {', '.join(VENUES)}")
    if columns not in (1, 2):
        raise ScalelawError(f"a figure spans 1 or 2 columns, not {columns!r}")
    interactive = mpl.is_interactive()
    try:
        with mpl.rc_context(_settings(VENUES[venue][columns - 1])):
            try:
                yield
            finally:
                interactive = mpl.is_interactive()
    finally:
        mpl.interactive(interactive)  # else a notebook, whose first figure turns it on, shows that figure alone


def _settings(width: float) -> dict[Any, Any]:
    return {
        **OUTPUT,
        "figure.figsize": (width, width * GOLDEN),
        "figure.dpi": 150,
        "savefig.dpi": 300,
        "savefig.bbox": None,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.h_pad": 0.02,
        "figure.constrained_layout.w_pad": 0.02,
        "font.family": "STIXGeneral",
        "mathtext.fontset": "stix",
        "font.size": TEXT,
        "axes.labelsize": TEXT,
        "axes.titlesize": TEXT,
        "figure.titlesize": TEXT,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "legend.fontsize": SMALL,
        "legend.title_fontsize": SMALL,
        "legend.frameon": False,
        "legend.handlelength": 2.2,
        "legend.labelspacing": 0.3,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "xtick.minor.size": 1.6,
        "ytick.minor.size": 1.6,
        "lines.linewidth": 1.2,
        "lines.markersize": 3.5,
        "grid.linewidth": 0.4,
        "grid.color": "0.9",
        "axes.prop_cycle": cycler(color=COLOURS),
    }


def series(position: int) -> dict[str, Any]:
    """Colour, marker and dash of the series at a position, from 0."""
    return {
        "color": COLOURS[position % len(COLOURS)],
        "marker": MARKERS[position % len(MARKERS)],
        "linestyle": DASHES[position % len(DASHES)],
    }


def marker_size(rows: int) -> float:
    """Size of a run's mark, in points: that of the current settings, smaller where runs are many."""
    return float(mpl.rcParams["lines.markersize"]) * (1.0 if rows <= 60 else 0.6)


def small() -> float:
    """Size of small text under the current settings, in points: that of the legend."""
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points())
