"""`scalelaw import lm-eval`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output
from scalelaw.cli.importing import shared


def run(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A results_*.json, or the output path of lm-eval.")],
    runs: Annotated[
        str | None,
        typer.Option("--runs", metavar="RUNS", help="Runs that the scores are of, with losses.", show_default=False),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="RUNS with their scores.", show_default=False),
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option("--task", metavar="NAME", help="Which make up the score; repeatable.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Of each task the first that it has; repeatable."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Read scores of lm-evaluation-harness; with --runs, put them beside the losses of those runs.

    Example: scalelaw import lm-eval results/ --runs runs.parquet --metric acc_norm --metric acc -o scored.parquet
    """
    if runs is None and (out or task or metric):
        raise typer.BadParameter("scores are no runs table; name the runs that they are of", param_hint="--runs")
    from scalelaw import importers, read

    scores = importers.read_lm_eval(source)
    if runs is None:
        shown = ["model", "P", "task", "metric", "filter", "value", "stderr", "n"]
        output.table(scores if as_json else scores[shown], as_json=as_json)
        return
    table = importers.with_scores(read(runs), scores, tasks=task or (), metrics=metric or ())
    shared.finish(table, out, as_json=as_json, shown=("run", "P", "N", "D", "loss", "score"))
