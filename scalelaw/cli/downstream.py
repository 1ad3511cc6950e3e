"""`scalelaw downstream`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output

_GAINS = ("table", "N", "group", "metric", "score_over", "score", "gain")
_BOUGHT = ("N", "P", "score_alone", "score", "gain", "gain_low", "gain_high", "through_loss", "at_equal_loss")


def run(
    runs: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUNS]",
            help="Runs with losses and scores: a file, or parscale-stack or parscale-pile; without it, the gains that "
            "the paper's tables show.",
            show_default=False,
        ),
    ] = None,
    law: Annotated[str, typer.Option("--law", metavar="LAW", help="The law of the loss.")] = "parscale",
    score: Annotated[str, typer.Option(metavar="COL", help="Column of the scores, in percent.")] = "score",
    chance: Annotated[float, typer.Option(metavar="X", help="Percent of a model that guesses.")] = 0.0,
    ceiling: Annotated[float, typer.Option(metavar="X", help="Percent of a model without fault.")] = 100.0,
    n: Annotated[
        list[str] | None, typer.Option("--n", metavar="N", help="Parameters, such as 1.6B; repeatable.")
    ] = None,
    p: Annotated[list[str] | None, typer.Option("--p", metavar="P", help="Streams; repeatable.")] = None,
    at: options.At = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    level: options.Level = 0.95,
    kind: options.DrawnKind = "bc",
    wide: options.Wide = False,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say what streams buy on benchmarks, at equal parameters and at equal loss.

    Example: scalelaw downstream parscale-stack --n 1.6B --p 8 --bootstrap 1000
    """
    held = options.held(at)
    from scalelaw.analysis.columns import read_values
    from scalelaw.analysis.downstream import downstream, downstream_gains, scored_runs
    from scalelaw.analysis.downstream.scored import SCORED

    if runs is None:
        if len(p or ()) > 1:
            raise typer.BadParameter("without runs there is one P, which is compared with P = 1", param_hint="--p")
        streams = read_values("P", p or 8)
        gained = downstream_gains(P=int(streams[0]))
        figures.draw(figure, lambda plot: plot.gains(gained))
        output.table(gained, as_json=as_json, shown=_GAINS, wide=wide)
        return
    table = scored_runs(runs) if runs in SCORED else options.columns_of(runs, column, where)
    fitted = downstream(table, law=law, score=score, chance=chance, ceiling=ceiling, bootstrap=bootstrap, rng=seed)
    figures.draw(figure, lambda plot: plot.downstream(fitted))
    bought = fitted.bought(n or "1.6B", p or [2, 4, 8], level=level, kind=kind, **held)
    output.table(bought, as_json=as_json, shown=_BOUGHT, wide=wide)
