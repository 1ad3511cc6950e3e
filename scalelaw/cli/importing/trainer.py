"""`scalelaw import trainer`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options
from scalelaw.cli.importing import shared


def run(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="A trainer_state.json, the output_dir of a Trainer, or a folder of them."),
    ],
    out: shared.Out = None,
    loss: shared.LossName = None,
    curve: shared.Curve = False,
    trained: shared.Trained = "all",
    context: shared.Context = None,
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="FILE", help="config.json, where none is beside.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Read runs of transformers' Trainer, with training FLOPs that count streams, as transformers' own do not.

    Example: scalelaw import trainer out/ -o runs.parquet
    """
    from scalelaw import importers

    table = importers.read_trainer(
        source,
        loss=loss,
        curve=curve,
        trained=trained,  # type: ignore[arg-type]
        context=context,
        config=config,
    )
    shared.finish(table, out, as_json=as_json)
