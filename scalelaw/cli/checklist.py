"""`scalelaw checklist`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    source: options.Source,
    law: options.LawName = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--runs", metavar="RUNS", help="With a saved fit: the runs that it was fitted to.", show_default=False
        ),
    ] = None,
    tell: Annotated[
        list[str] | None,
        typer.Option("--tell", metavar="optimiser=AdamW", help="An answer that the table does not have; repeatable."),
    ] = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    column: options.Column = None,
    where: options.Where = None,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print a LaTeX table instead of Markdown.")] = False,
    as_json: options.Json = False,
) -> None:
    """Fill in the reproducibility checklist of a fit; what is missing is marked.

    Example: scalelaw checklist parscale-pile --law parscale --bootstrap 1000 --tell optimiser=AdamW > checklist.md
    """
    if as_json and as_latex:
        raise typer.BadParameter("--json and --latex exclude one another; give one", param_hint="--latex")
    if law is not None and table is not None:
        raise typer.BadParameter("with --law the runs are the first argument", param_hint="--runs")
    told = options.pairs("--tell", tell, like="optimiser=AdamW")
    from scalelaw import datasets
    from scalelaw.analysis.checklist import checklist

    of_fit = (None, None) if table is not None else (column, where)  # with --runs they are of those
    fitted = options.saved_or_fitted(source, law, *of_fit, bootstrap, seed)
    name = source if law is not None else table
    runs = None if name is None else options.columns_of(name, column, where)
    about = datasets.about(name) if name in datasets.names() else None
    found = checklist(fitted, runs, about=about, **told)
    output.result(found.to_json() if as_json else found.to_latex() if as_latex else found.to_markdown())
    if found.missing:
        output.note(f"missing: {', '.join(found.missing)}")
