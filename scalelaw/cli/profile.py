"""`scalelaw profile`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    source: options.Source,
    of: options.Ofs = None,
    points: Annotated[bool, typer.Option("--points", help="Print the points of the profiles.")] = False,
    figure: figures.Figure = None,
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
    figures.draw(figure, lambda plot: plot.profile(fitted, *chosen))
    frame = (profile if points else profile_intervals)(fitted, *chosen, level=level)
    output.doubts(fitted, "profile")
    output.table(frame, as_json=as_json)
