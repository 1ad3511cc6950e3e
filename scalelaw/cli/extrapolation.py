"""`scalelaw extrapolation`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    runs: options.Runs,
    law: Annotated[
        list[str] | None,
        typer.Option("--law", metavar="LAW", help="A law to extrapolate; repeatable. Default: those that suit."),
    ] = None,
    hold: options.Holds = None,
    share: Annotated[
        list[float] | None,
        typer.Option(metavar="X", help="Share of the runs, the cheapest, that a fit sees; repeatable."),
    ] = None,
    bins: Annotated[int, typer.Option(metavar="K", min=1, help="Distances to gather the errors at.")] = 6,
    runs_too: Annotated[bool, typer.Option("--each", help="Print every held-out run instead.")] = False,
    fix: options.Fix = None,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    column: options.Column = None,
    where: options.Where = None,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say how errors grow with the distance in compute beyond the fitted runs.

    Fits to the cheapest runs, a growing share of them, predict all dearer ones, unless --hold asks for something else.

    Example: scalelaw extrapolation chinchilla --law chinchilla --law kaplan --figure distance.pdf
    """
    fitting = options.fitting(fix, delta, loss, space)
    from scalelaw.fit import error_by_distance, held_out

    frame = held_out(
        law or None,
        options.columns_of(runs, column, where),
        holdouts=hold or "rolling",
        **fitting,
        **({"shares": share} if share else {}),
    )
    output.table(frame if runs_too else error_by_distance(frame, bins=bins), as_json=as_json)
    figures.draw(figure, lambda plot: plot.error_distance(frame, bins=bins))
