"""`scalelaw plot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scalelaw.cli import options, output

KINDS = ("curves", "contours", "equivalence", "residuals")


def run(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.", show_default=False)],
    source: options.Source,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File to write: .pdf, .svg, .png, .pgf.")],
    venue: Annotated[str, typer.Option(metavar="NAME", help="Style: icml, neurips, iclr or jmlr.")] = "icml",
    law: options.LawName = None,
    column: options.Column = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
) -> None:
    """Draw a figure of a fit, ready for a paper.

    Example: scalelaw plot contours fit.json -o contours.pdf --venue icml
    """
    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="KIND")
    fitted = options.saved_or_fitted(source, law, column, bootstrap, seed)
    from scalelaw import plot

    draw: Any = getattr(plot, kind)
    with plot.style(venue):
        plot.save(draw(fitted), out)
    output.note(f"wrote {out}")
