"""`scalelaw tournament`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    runs: options.Runs,
    law: Annotated[
        list[str] | None,
        typer.Option("--law", metavar="LAW", help="A law that takes part; repeatable. Default: those that suit."),
    ] = None,
    hold: options.Holds = None,
    refits: options.Refits = 200,
    seed: options.Seed = 0,
    fix: options.Fix = None,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    column: options.Column = None,
    where: options.Where = None,
    level: options.Level = 0.95,
    kind: options.DrawnKind = "bc",
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Rank laws by runs that their fits have not seen, and say how sure the order is.

    Example: scalelaw tournament parscale-pile --law parscale --law additive_streams --hold P --hold rolling
    """
    fitting = options.fitting(fix, delta, loss, space)
    from scalelaw.fit import tournament

    frame = tournament(
        law or None,
        options.columns_of(runs, column, where),
        holdouts=hold or None,
        refits=refits,
        rng=seed,
        level=level,
        kind=kind,
        **fitting,
    )
    output.with_notes(frame, as_json=as_json)
    figures.draw(figure, lambda plot: plot.tournament(frame))
