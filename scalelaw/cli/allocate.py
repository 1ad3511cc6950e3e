"""`scalelaw allocate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import figures, options, output

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("C", "P", "N", "N_low", "N_high", "D", "loss", "N_from", "N_to")
_OF_TARGETS = ("loss", "C", "C_low", "C_high", "P", "N", "N_low", "N_high", "D")
"""Where the compute is what was asked for, and has an interval."""


def run(
    source: options.Source,
    c: options.Budgets = None,
    loss: Annotated[
        list[str] | None, typer.Option("--loss", metavar="L", help="Target loss, for the least compute; repeatable.")
    ] = None,
    p: Annotated[list[str] | None, typer.Option("--p", metavar="P", help="Streams to choose from; repeatable.")] = None,
    every_p: Annotated[bool, typer.Option("--every-p", help="A row for each P, not for the best one.")] = False,
    flops: options.Flops = None,
    n_max: options.MostN = None,
    d_max: options.MostD = None,
    epsilon: Annotated[float, typer.Option(metavar="X", help="Share of the loss that N_from and N_to lose.")] = 1e-3,
    exponents: Annotated[bool, typer.Option("--exponents", help="Print the exponents of N*(C) and D*(C).")] = False,
    over: Annotated[
        str | None,
        typer.Option(metavar="FIT", help="Another saved fit, to print how much compute it needs.", show_default=False),
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="U=100B", help="Another column of the law; repeatable.")
    ] = None,
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    level: options.Level = 0.95,
    kind: options.Kind = "bc",
    wide: options.Wide = False,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say how a training budget is best spent: parameters, tokens and streams.

    Intervals need --bootstrap 1000, or a saved fit that has draws, or a --kind without any. Those of N are printed;
    --wide adds those of D, of the loss and of the rest.

    Example: scalelaw allocate chinchilla --law chinchilla --bootstrap 1000 --c 1e21 --c 1e23
    """
    held = options.pairs("--at", at, like="U=100B")
    if figure is not None and over:
        raise typer.BadParameter("a figure is of budgets or exponents; leave --over out", param_hint="--figure")
    if exponents and over:
        raise typer.BadParameter("--exponents and --over exclude one another; give one", param_hint="--over")
    from scalelaw.analysis.allocation import allocate, allocation_exponents, compute_multiplier

    fitted = options.saved_or_fitted(source, law, column, where, bootstrap, seed)
    shared: dict[str, Any] = {"flops": flops, "level": level, "kind": kind, **held}
    if exponents:
        frame = allocation_exponents(fitted, C=c or None, P=p or 1, **shared)
        figures.draw(figure, lambda plot: plot.exponents(frame))
    elif over:
        frame = compute_multiplier(fitted, options.saved(over), C=c or [], P=p or 1, **shared)
    else:
        limits: dict[str, Any] = {"N_max": n_max, "D_max": d_max, "epsilon": epsilon, "every_P": every_p}
        frame = allocate(fitted, C=c or None, loss=loss or None, P=p or None, **limits, **shared)
        figures.draw(figure, lambda plot: plot.allocation(frame))
    output.doubts(fitted, kind)
    output.no_intervals(fitted, kind, saved=law is None)
    remarks: list[str] = [] if as_json or "remark" not in frame else list(frame.pop("remark"))
    output.table(frame, as_json=as_json, shown=_shown(frame) if "N_from" in frame else None, wide=wide)
    for remark in filter(None, remarks):
        output.note(remark)


def _shown(frame: pd.DataFrame) -> tuple[str, ...]:
    """The columns that most want to see, and what limits the choice where something does."""
    shown = _OF_TARGETS if "C_low" in frame else _SHOWN
    return (*shown, *(("C_used", "limited_by") if frame["limited_by"].any() else ()))
