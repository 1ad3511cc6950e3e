"""`scalelaw suggest`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scalelaw.cli import options, output


def run(
    source: options.Source,
    of: options.NeededOf,
    budget: Annotated[
        str | None, typer.Option(metavar="C", help="Training FLOPs of all new runs together.", show_default=False)
    ] = None,
    k: Annotated[int | None, typer.Option("--k", metavar="K", help="The most new runs.", show_default=False)] = None,
    cells: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Runs that could be trained; a grid by default.", show_default=False),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Train no cell twice.")] = False,
    flops: options.Flops = None,
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Say which runs to train next, so that a number becomes as certain as the budget allows.

    Example: scalelaw suggest chinchilla --law chinchilla --of "loss at N=70B,D=1.4T" --budget 1e22 --k 6
    """
    from scalelaw.analysis.suggest import suggest

    fitted = options.saved_or_fitted(source, law, column, where, bootstrap, seed)
    offered = None if cells is None else options.columns_of(cells, column, need=())
    chosen: dict[str, Any] = {"budget": budget, "k": k, "cells": offered, "repeat": not once, "flops": flops}
    output.table(suggest(fitted, of, **chosen), as_json=as_json)
