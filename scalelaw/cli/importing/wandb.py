"""`scalelaw import wandb`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options
from scalelaw.cli.importing import shared


def run(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="An export (CSV, parquet, JSON), the folder wandb/, or a folder of them."),
    ],
    out: shared.Out = None,
    loss: shared.LossName = None,
    curve: shared.Curve = False,
    column: shared.Column = None,
    tokens_per_step: shared.TokensPerStep = None,
    about: shared.About = None,
    trained: shared.Trained = "all",
    context: shared.Context = None,
    as_json: options.Json = False,
) -> None:
    """Read runs of Weights & Biases from exports or from the folder on disk; nothing is asked of a network.

    Example: scalelaw import wandb wandb/ --loss val/loss --tokens-per-step 524288 -o runs.parquet
    """
    given = shared.logged(loss, curve, column, tokens_per_step, about, trained, context)
    from scalelaw import importers

    shared.finish(importers.read_wandb(source, **given), out, as_json=as_json)
