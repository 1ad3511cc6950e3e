"""`scalelaw group`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output
from scalelaw.errors import ScalelawError


def run(
    runs: options.Runs,
    law: Annotated[str, typer.Option("--law", metavar="LAW", help="A law's name or a formula.", show_default=False)],
    groups: Annotated[
        str, typer.Option("--groups", metavar="COL", help="The column whose values are the groups.", show_default=False)
    ],
    share: Annotated[
        list[str] | None, typer.Option("--share", metavar="alpha", help="A parameter that all share; repeatable.")
    ] = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    fix: options.Fix = None,
    bound: Annotated[
        list[str] | None, typer.Option("--bound", metavar="alpha=0.1:0.5", help="Bound a parameter; repeatable.")
    ] = None,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    test: Annotated[bool, typer.Option("--test", help="Test whether the groups share what they are said to.")] = False,
    refits: options.TestRefits = None,
    report: Annotated[bool, typer.Option("--report", help="Print the report of the fit of all groups.")] = False,
    column: options.Column = None,
    where: options.Where = None,
    level: options.OwnLevel = None,
    kind: options.DrawnKind = "bc",
    save: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Save the fit as JSON.", show_default=False)
    ] = None,
    figure: figures.Figure = None,
    parameter: Annotated[
        str | None, typer.Option(metavar="NAME", help="The parameter to draw.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Fit a law to several groups of runs at once, with some parameters shared.

    Rows that share a `run` (or --column run=NAME) are its checkpoints: the bootstrap draws whole runs then, and rows
    within each group otherwise; --test draws residuals likewise.

    Example: scalelaw group runs.csv --law parscale --groups dataset --share alpha --bootstrap 1000 --test
    """
    fixed = options.fixed(fix)
    bounds = options.pairs("--bound", bound, options.span, like="alpha=0.1:0.5")
    threshold = options.threshold(delta)
    shown = options.level_of(level, kind, bootstrap)
    from scalelaw.fit import fit_groups

    fitted = fit_groups(
        law,
        options.columns_of(runs, column, where),
        by=groups,
        shared=share or (),
        fixed=fixed,
        bounds=bounds,
        delta=threshold,
        loss=loss,
        space=space,
        bootstrap=bootstrap,
        rng=seed,
    )
    summary = fitted.summary(level=shown, kind=kind)
    found = None
    try:
        if save is not None:
            fitted.to_json(save)
            output.note(f"wrote {save}")
        found = fitted.test(refits=refits, rng=seed) if test else None
    except ScalelawError:
        output.table(summary, as_json=as_json)  # a fit that could not be tested or saved is shown all the same
        raise
    if as_json:
        tested = None if found is None else found.to_dict("records")[0]
        output.document({"parameters": summary.to_dict("records"), "test": tested})
    else:
        output.result(
            fitted.report(level=shown, kind=kind) if report else output.aligned(summary.dropna(axis=1, how="all"))
        )
        if found is not None:
            output.result("")
            output.upright(found, as_json=False)
    figures.draw(figure, lambda plot: plot.groups(summary, parameter=parameter))
