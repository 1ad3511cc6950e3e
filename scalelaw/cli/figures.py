"""The figure that a verb draws beside its table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from scalelaw.cli import output

Figure = Annotated[
    Path | None,
    typer.Option("--figure", metavar="FILE", help="Draw it too: .pdf, .svg, .png, .pgf.", show_default=False),
]


def draw(path: Path | None, figure: Callable[[Any], Any], *, venue: str = "paper", columns: int = 1) -> None:
    """Draw by ``figure(plot)`` and write it, if a path was given."""
    if path is None:
        return
    from scalelaw import plot

    with plot.style(venue, columns=columns):
        plot.save(figure(plot), path)
    output.note(f"wrote {path}")
