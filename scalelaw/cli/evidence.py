"""`scalelaw evidence`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    runs: options.Runs,
    law: Annotated[
        list[str] | None,
        typer.Option("--law", metavar="LAW", help="A law to weigh; repeatable. Default: those that suit the runs."),
    ] = None,
    likelihood: Annotated[str, typer.Option(metavar="KIND", help="gaussian or laplace.")] = "gaussian",
    fix: options.Fix = None,
    space: options.Space = "log",
    last: Annotated[
        bool, typer.Option("--last", help="Take the last row of each run only, where rows are checkpoints.")
    ] = False,
    column: options.Column = None,
    where: options.Where = None,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Weigh laws by likelihood and parameters: AICc, BIC, Akaike weights, evidence ratios.

    Example: scalelaw evidence parscale-pile --law parscale --law additive_streams
    """
    fixed = options.fixed(fix)
    from scalelaw.fit import evidence
    from scalelaw.runs import last_of_runs

    table = options.columns_of(runs, column, where)
    frame = evidence(
        law or None, last_of_runs(table) if last else table, likelihood=likelihood, fixed=fixed, space=space
    )
    figures.draw(figure, lambda plot: plot.evidence(frame))
    if not as_json:
        output.note(f"assumed: {frame.pop('likelihood').iloc[0]}")
    output.with_notes(frame, as_json=as_json)
