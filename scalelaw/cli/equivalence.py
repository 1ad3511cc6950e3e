"""`scalelaw equivalence`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    source: options.Source,
    n: Annotated[list[str], typer.Option("--n", metavar="N", help="Parameters, such as 1.6B; repeatable.")],
    p: Annotated[list[str], typer.Option("--p", metavar="P", help="Streams; repeatable.")],
    at: options.At = None,
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    level: options.Level = 0.95,
    kind: options.Kind = "bc",
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say how many parameters P streams are worth.

    That is how many a model without streams needs for the same loss.

    Example: scalelaw equivalence parscale-pile --law parscale --bootstrap 1000 --n 1.6B --p 2 --p 8
    """
    held = options.held(at)
    from scalelaw.analysis import equivalence

    fitted = options.saved_or_fitted(source, law, column, where, bootstrap, seed)
    frame = equivalence(fitted, N=n, P=p, level=level, kind=kind, **held)
    figures.draw(figure, lambda plot: plot.equivalence(frame))
    output.doubts(fitted, kind)
    output.table(frame, as_json=as_json)
