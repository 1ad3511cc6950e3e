"""`scalelaw fit`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output
from scalelaw.errors import ScalelawError


def run(
    runs: options.Runs,
    law: Annotated[str, typer.Option("--law", metavar="LAW", help="A law's name or a formula.", show_default=False)],
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    fix: options.Fix = None,
    bound: Annotated[
        list[str] | None, typer.Option("--bound", metavar="alpha=0.1:0.5", help="Bound a parameter; repeatable.")
    ] = None,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    overestimate: Annotated[
        float, typer.Option(metavar="X", help="Factor on the objective where the law predicts too much.")
    ] = 1.0,
    weights: Annotated[str | None, typer.Option(metavar="COL", help="Column of weights.", show_default=False)] = None,
    resample: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help=options.RESAMPLE_HELP,
        ),
    ] = "auto",
    by: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of the strata or clusters.", show_default=False)
    ] = None,
    column: options.Column = None,
    where: options.Where = None,
    level: options.OwnLevel = None,
    kind: options.Kind = "bc",
    thorough: Annotated[bool, typer.Option("--thorough", help="Search a finer grid from more starts.")] = False,
    save: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Save the fit as JSON.", show_default=False)
    ] = None,
    as_json: options.Json = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print a LaTeX table.")] = False,
) -> None:
    """Fit a law to runs and print the report.

    Example: scalelaw fit runs.csv --law "E + A/N**alpha + B*P**-beta" --column N=size --bootstrap 1000 -o fit.json
    """
    if as_json and as_latex:
        raise typer.BadParameter("--json and --latex exclude one another; give one", param_hint="--latex")
    fixed = options.fixed(fix)
    bounds = options.pairs("--bound", bound, options.span, like="alpha=0.1:0.5")
    threshold = options.threshold(delta)
    shown = options.level_of(level, kind, bootstrap)  # before the work, and for --json too, which shows no interval
    from scalelaw.fit import fit

    fitted = fit(
        law,
        options.columns_of(runs, column, where),
        fixed=fixed,
        bounds=bounds,
        delta=threshold,
        loss=loss,
        space=space,
        overestimate=overestimate,
        weights=weights,
        bootstrap=bootstrap,
        resample=resample,
        by=by,
        rng=seed,
        thorough=thorough,
    )
    render = fitted.to_latex if as_latex else fitted.report
    text = fitted.to_json() if as_json else render(level=shown, kind=kind)
    try:
        if save is not None:
            fitted.to_json(save)
            output.note(f"wrote {save}")
    except ScalelawError:
        output.result(text)  # a fit that could not be saved is shown all the same
        raise
    output.result(text)
