"""`scalelaw plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURES = {
    "curves": True,
    "contours": True,
    "equivalence": True,
    "allocation": True,
    "trade": True,
    "residuals": False,
    "influence": False,
    "profile": False,
    "comparison": False,
}
"""The figures, and whether each has bands."""


def run(
    figure: Annotated[str, typer.Argument(metavar="FIGURE", help=f"{', '.join(FIGURES)}.", show_default=False)],
    source: options.Source,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File to write: .pdf, .svg, .png, .pgf.")],
    venue: Annotated[str, typer.Option(metavar="NAME", help="icml, neurips, iclr, aistats, jmlr or paper.")] = "paper",
    wide: Annotated[bool, typer.Option("--wide", help="Over both columns of the page.")] = False,
    level: Annotated[
        float | None,
        typer.Option("--level", metavar="LEVEL", help="Level of the bands, such as 0.95.", show_default=False),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="Kind of band, as for `scalelaw fit`.", show_default=False),
    ] = None,
    law: Annotated[
        list[str] | None, typer.Option("--law", metavar="LAW", help="A law to fit; repeatable for comparison.")
    ] = None,
    hold: options.Hold = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
) -> None:
    """Draw a figure, ready for a paper.

    A comparison is of laws fitted to runs; every other figure is of a saved fit, or of runs with --law.

    Example: scalelaw plot contours fit.json -o contours.pdf --venue icml
    """
    if figure not in FIGURES:
        raise typer.BadParameter(f"{figure!r} is none of {', '.join(FIGURES)}", param_hint="FIGURE")
    if figure != "comparison" and len(law or ()) > 1:
        raise typer.BadParameter("only a comparison has several laws; give one", param_hint="--law")
    bands: dict[str, Any] = {name: value for name, value in (("level", level), ("kind", kind)) if value is not None}
    if bands and not FIGURES[figure]:
        raise typer.BadParameter(f"{figure} has no bands", param_hint=f"--{next(iter(bands))}")
    from scalelaw import plot
    from scalelaw.fit import compare

    with plot.style(venue, columns=2 if wide else 1):
        if figure == "comparison":
            axes: Axes = plot.comparison(compare(law or None, options.columns_of(source, column, where), hold=hold))
        else:
            fitted = options.saved_or_fitted(source, law[0] if law else None, column, where, bootstrap, seed)
            axes = getattr(plot, figure)(fitted, **bands)
        plot.save(axes, out)
    output.note(f"wrote {out}")
