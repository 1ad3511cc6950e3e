"""`scalelaw train`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Of a cell: SWEEP/cells/ID, in which there is cell.json.")
    ],
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.")] = "auto",
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model.")] = False,
    shard: Annotated[
        bool, typer.Option("--shard", help="Under torchrun: spread the model over the processes.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Train one cell of a sweep in this process, or under torchrun on several GPUs.

    Example: torchrun --nproc-per-node 2 --no-python scalelaw train runs/tiny/cells/0123456789ab --shard
    """
    from scalelaw.harness.sweep.single import train_one

    row = train_one(folder, device=device, compile=compile, shard=shard)
    if int(os.environ.get("RANK", "0")):
        return
    if as_json:
        output.document(row)
    else:
        output.result(f"{row['name']}  loss {row['loss']:.4f}")
