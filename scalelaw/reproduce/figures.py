"""The paper's Figures 2 and 3 and the equivalence figure, both corpora side by side, and Figure 4 on code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from scalelaw import plot
from scalelaw.fit import Fit

_BESIDE, _ABOVE_LEGEND = 6.0, 16.0

DRAWN: Mapping[str, tuple[Callable[..., Any], float]] = {
    "figure-2-curves": (plot.curves, _BESIDE),
    "figure-3-contours": (plot.contours, _ABOVE_LEGEND),
    "equivalence": (plot.equivalence, _ABOVE_LEGEND),
}
"""What is drawn by name, and how far above it its title stands, in points."""


def write_figures(fits: Mapping[str, Fit], folder: Path, *, venue: str = "icml") -> tuple[Path, ...]:
    """Write each figure as PDF and PNG over the whole width of the venue's page."""
    files: list[Path] = []
    for name, (draw, pad) in DRAWN.items():
        with plot.style(venue, columns=2):
            files += plot.save(_side_by_side(draw, fits, pad), folder / name)
    with plot.style(venue, columns=2):
        files += plot.save(plot.cost_panels(next(iter(fits.values()))), folder / "figure-4-costs")
    return tuple(files)


def _side_by_side(draw: Callable[..., Any], fits: Mapping[str, Fit], pad: float) -> Figure:
    width, height = mpl.rcParams["figure.figsize"]
    figure = Figure(figsize=(width, 0.85 * height))
    for ax, (corpus, fit) in zip(figure.subplots(1, len(fits)), fits.items(), strict=True):
        draw(fit, ax=ax)
        ax.set_title(corpus, pad=pad)
    return figure
