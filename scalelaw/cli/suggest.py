"""`scalelaw suggest`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scalelaw.cli import figures, options, output


def run(
    source: options.Source,
    of: options.NeededOf,
    budget: Annotated[
        str | None, typer.Option(metavar="C", help="Training FLOPs of all new runs together.", show_default=False)
    ] = None,
    k: Annotated[int | None, typer.Option("--k", metavar="K", help="The most new runs.", show_default=False)] = None,
    cells: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Runs that could be trained; a grid like the runs by default."),
    ] = None,
    repeat: Annotated[bool, typer.Option("--repeat", help="Let a cell be trained again, with other seeds.")] = False,
    flops: options.Flops = None,
    beyond: Annotated[
        float | None,
        typer.Option(metavar="X", help="How many times beyond the runs' ranges the grid reaches; 1 unless given."),
    ] = None,
    ratio: Annotated[
        str | None,
        typer.Option(metavar="LOW:HIGH", help="Tokens a parameter of the grid; those of the runs unless given."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="D=42B", help="D, N or P that only the cost depends on.", show_default=False),
    ] = None,
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    wide: options.Wide = False,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say which runs to train next, so that a number becomes as certain as the budget allows.

    Standard errors are to first order, and need no bootstrap and have no intervals. With --bootstrap 1000, or a saved
    fit that has draws, runs are chosen by 16 of the draws too, and not at the fitted parameters alone.

    Example: scalelaw suggest chinchilla --law chinchilla --of "loss at N=70B,D=1.4T" --budget 1e22 --k 6
    """
    ends = None if ratio is None else options.read_as(options.span, ratio, "--ratio", like="5:100")
    from scalelaw.analysis.suggest import suggest

    fitted = options.saved_or_fitted(source, law, column, where, bootstrap, seed)
    offered = None if cells is None else options.columns_of(cells, column, need=())
    chosen: dict[str, Any] = {"budget": budget, "k": k, "cells": offered, "repeat": repeat, "flops": flops}
    shaped: dict[str, Any] = {"beyond": beyond, "tokens_per_parameter": ends, **options.held(at)}
    frame = suggest(fitted, of, **chosen, **shaped)
    figures.draw(figure, lambda plot: plot.suggest(frame, runs=fitted.table))
    output.table(frame, as_json=as_json, shown=[str(name) for name in frame if name != "C_total"], wide=wide)
