"""`scalelaw import tensorboard`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options
from scalelaw.cli.importing import shared


def run(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="An event file, the folder of a run, or a folder of such."),
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
    """Read runs from TensorBoard's event files, every value of them.

    Example: scalelaw import tensorboard logs/ --tokens-per-step 524288 --about sizes.csv -o runs.parquet
    """
    given = shared.logged(loss, curve, column, tokens_per_step, about, trained, context)
    from scalelaw import importers

    shared.finish(importers.read_tensorboard(source, **given), out, as_json=as_json)
