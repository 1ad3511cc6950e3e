"""`scalelaw nested`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    runs: options.Runs,
    large: Annotated[str, typer.Option("--law", metavar="LAW", help="The larger law.", show_default=False)],
    small: Annotated[
        str | None, typer.Option("--small", metavar="LAW", help="The law that it contains.", show_default=False)
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="k=0", help="Where the larger law is the smaller one, instead; repeatable."),
    ] = None,
    contained: Annotated[
        bool, typer.Option("--contained", help="Take it that the larger law contains the smaller one.")
    ] = False,
    refits: options.TestRefits = None,
    seed: options.Seed = 0,
    fix: options.Fix = None,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    column: options.Column = None,
    where: options.Where = None,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Test whether a law needs what it has beyond a smaller one that it contains.

    Example: scalelaw nested parscale-pile --law parscale --at k=0
    """
    if (small is None) == (not at):
        raise typer.BadParameter("give either the smaller law or where it lies, as in --at k=0", param_hint="--small")
    values = options.pairs("--at", at, options.number, like="k=0")
    fitting = options.fitting(fix, delta, loss, space)
    from scalelaw.fit import nested_test

    frame = nested_test(
        small or values,
        large,
        options.columns_of(runs, column, where),
        contained=contained or None,
        refits=refits,
        rng=seed,
        **fitting,
    )
    figures.draw(figure, lambda plot: plot.nested(frame))
    output.upright(frame, as_json=as_json)
