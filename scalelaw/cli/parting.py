"""`scalelaw parting`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    runs: options.Runs,
    law: Annotated[list[str], typer.Option("--law", metavar="LAW", help="The two laws: give it twice.")],
    along: Annotated[str, typer.Option(metavar="COL", help="The column to go along.")] = "P",
    between: Annotated[
        str | None,
        typer.Option("--range", metavar="1:64", help="From where to where; default: the runs' and eight times beyond."),
    ] = None,
    num: Annotated[int, typer.Option(metavar="K", min=2, help="Points along it.")] = 13,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="N=1.6B", help="A column to hold; repeatable.")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(metavar="X", help="Noise of one run's loss; default: by seeds or residuals.", show_default=False),
    ] = None,
    bootstrap: Annotated[
        int,
        typer.Option(
            "--bootstrap",
            metavar="N",
            min=2,
            help="Resamples to refit, of whole runs where rows share a `run` (or --column run=NAME).",
        ),
    ] = 1000,
    seed: options.Seed = 0,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    column: options.Column = None,
    where: options.Where = None,
    level: options.Level = 0.95,
    kind: options.DrawnKind = "bc",
    wide: options.Wide = False,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say what two laws predict beyond the runs, and from where on one run would tell them apart.

    Example: scalelaw parting parscale-pile --law parscale --law additive_streams --at N=0.5B --range 1:64
    """
    if len(law) != 2:
        raise typer.BadParameter(f"two laws part, and {len(law)} were given", param_hint="--law")
    held = options.pairs("--at", at, like="N=1.6B")
    span = None if between is None else options.pairs("--range", [f"{along}={between}"], options.span, like="1:64")
    threshold = options.threshold(delta)
    from scalelaw.analysis.parting import parting
    from scalelaw.fit import fit

    table = options.columns_of(runs, column, where)
    first, second = (
        fit(name, table, bootstrap=bootstrap, rng=seed, delta=threshold, loss=loss, space=space) for name in law
    )
    frame = parting(
        first,
        second,
        along=along,
        along_range=None if span is None else span[along],
        num=num,
        level=level,
        kind=kind,
        noise=noise,
        **held,
    )
    shown = (along, *frame.attrs["laws"], "gap", "gap_low", "gap_high", "apart", "runs", "inside")
    output.table(frame, as_json=as_json, shown=shown, wide=wide)
    figures.draw(figure, lambda plot: plot.parting(frame, runs=table))
