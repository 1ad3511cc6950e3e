"""`scalelaw profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    source: options.Source,
    of: options.Ofs = None,
    points: Annotated[bool, typer.Option("--points", help="Print the points of the profiles.")] = False,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE", help="Draw the profiles too: .pdf, .svg, .png, .pgf.")
    ] = None,
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    level: options.Level = 0.95,
    as_json: options.Json = False,
) -> None:
    """Give intervals by profile likelihood.

    A value is in the interval if the objective, all else refitted, rises by no more than noise explains.

    Example: scalelaw profile chinchilla --law chinchilla --of alpha --of a
    """
    from scalelaw.fit.profile import profile, profile_intervals

    fitted = options.saved_or_fitted(source, law, column, where, 0, 0)
    chosen = of or ()
    if figure is not None:
        from scalelaw import plot

        with plot.style():
            plot.save(plot.profile(fitted, *chosen), figure)
        output.note(f"wrote {figure}")
    frame = (profile if points else profile_intervals)(fitted, *chosen, level=level)
    for doubt in frame.attrs["doubts"]:
        output.note(f"doubt: {doubt}")
    output.table(frame, as_json=as_json)
