"""`scalelaw diagnose`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output

At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="N=70B", help="The run to be predicted: how far away, how certain; repeatable."),
]


def run(
    source: options.Source,
    law: options.LawName = None,
    at: At = None,
    of: options.Of = None,
    assume: Annotated[
        list[str] | None,
        typer.Option("--assume", metavar="E=1.8", help="A parameter of the law, for planned runs; repeatable."),
    ] = None,
    noise: Annotated[
        float, typer.Option("--noise", metavar="X", help="Deviation of log loss, for planned runs.")
    ] = 0.01,
    column: options.Column = None,
    where: options.Where = None,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say what is doubtful about a fit, or about planned runs.

    Runs without a loss are a plan: give the parameters to assume.

    Example: scalelaw diagnose plan.csv --law chinchilla --assume E=1.8 --assume A=480 --assume B=2100 ...
    """
    target = options.pairs("--at", at, like="N=70B") or None
    assumed = options.pairs("--assume", assume, options.number, like="E=1.8")
    from scalelaw.analysis import diagnosis

    runs = None if law is None else options.columns_of(source, column, where, need=())
    if law is not None and runs is not None and (assumed or "loss" not in runs):
        planned = diagnosis.design(law, runs, params=assumed, noise=noise, at=target)
        if as_json:
            output.document(planned.to_dict())
        else:
            output.result(planned.report())
        return
    fitted = options.saved_or_fitted(source, law, column, where, 0, 0)
    found = diagnosis.diagnose(fitted, runs, of=of, at=target)
    figures.draw(figure, lambda plot: plot.influence(found.influence))
    if as_json:
        output.document(found.to_dict())
    else:
        output.result(found.report())
