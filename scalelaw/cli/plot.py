"""`scalelaw plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL_OPTIONS = {"curves": "level", "contours": "band", "equivalence": "level", "residuals": None, "comparison": None}
"""The kinds of figure, and what each calls the level of its bands."""


def run(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{', '.join(LEVEL_OPTIONS)}.", show_default=False)],
    source: options.Source,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File to write: .pdf, .svg, .png, .pgf.")],
    venue: Annotated[str, typer.Option(metavar="NAME", help="icml, neurips, iclr, aistats, jmlr or paper.")] = "paper",
    wide: Annotated[bool, typer.Option("--wide", help="Over both columns of the page.")] = False,
    level: Annotated[
        float | None, typer.Option("--level", metavar="X", help="Level of the bands, such as 0.95.", show_default=False)
    ] = None,
    law: Annotated[
        list[str] | None, typer.Option("--law", metavar="LAW", help="A law to fit; repeatable for comparison.")
    ] = None,
    hold: options.Hold = None,
    column: options.Column = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
) -> None:
    """Draw a figure, ready for a paper.

    A comparison is of laws fitted to runs; every other kind is of a saved fit, or of runs with --law.

    Example: scalelaw plot contours fit.json -o contours.pdf --venue icml
    """
    if kind not in LEVEL_OPTIONS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(LEVEL_OPTIONS)}", param_hint="KIND")
    if kind != "comparison" and len(law or ()) > 1:
        raise typer.BadParameter("only a comparison has several laws; give one", param_hint="--law")
    if level is not None and LEVEL_OPTIONS[kind] is None:
        raise typer.BadParameter(f"{kind} has no bands", param_hint="--level")
    from scalelaw import plot
    from scalelaw.fit import compare

    with plot.style(venue, columns=2 if wide else 1):
        if kind == "comparison":
            axes: Axes = plot.comparison(compare(law or None, options.columns_of(source, column), hold=hold))
        else:
            fitted = options.saved_or_fitted(source, law[0] if law else None, column, bootstrap, seed)
            bands: dict[str, Any] = {} if level is None else {str(LEVEL_OPTIONS[kind]): level}
            axes = getattr(plot, kind)(fitted, **bands)
        plot.save(axes, out)
    output.note(f"wrote {out}")
