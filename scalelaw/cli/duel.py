"""`scalelaw duel`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    runs: options.Runs,
    law: Annotated[list[str], typer.Option("--law", metavar="LAW", help="The two laws: give it twice.")],
    hold: options.Holds = None,
    refits: options.Refits = 1000,
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
    """Say which of two laws errs less on runs that neither has seen, and how sure that is.

    Example: scalelaw duel parscale-pile --law additive_streams --law parscale --hold P
    """
    if len(law) != 2:
        raise typer.BadParameter(f"a duel is of two laws, and {len(law)} were given", param_hint="--law")
    fitting = options.fitting(fix, delta, loss, space)
    from scalelaw.fit import duel

    frame = duel(
        law[0],
        law[1],
        options.columns_of(runs, column, where),
        holdouts=hold or None,
        refits=refits,
        rng=seed,
        level=level,
        kind=kind,
        **fitting,
    )
    output.with_notes(frame, as_json=as_json)
    figures.draw(figure, lambda plot: plot.duel(frame))
