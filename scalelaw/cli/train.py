"""`scalelaw train`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scalelaw.cli import options, output
from scalelaw.cli.stopping import until_stopped


def run(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Of a cell: SWEEP/cells/ID, in which there is cell.json.")
    ],
    device: Annotated[
        str, typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps; with jax: auto, cpu, gpu or tpu.")
    ] = "auto",
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="What trains: auto (jax for what it alone does), torch or jax.")
    ] = "auto",
    devices: Annotated[int, typer.Option(metavar="N", min=1, help="With jax: devices that share each batch.")] = 1,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model.")] = False,
    shard: Annotated[
        bool, typer.Option("--shard", help="Under torchrun: spread the model over the processes.")
    ] = False,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of the backend, on a CPU.")] = 1,
    as_json: options.Json = False,
) -> None:
    """Train one cell of a sweep in this process, or under torchrun on several GPUs.

    Ctrl-C stops it cleanly; the same command goes on.

    Example: torchrun --nproc-per-node 2 --no-python scalelaw train runs/tiny/cells/0123456789ab --shard
    """
    from scalelaw.harness import torchrun
    from scalelaw.harness.engines.threads import limit
    from scalelaw.harness.sweep.single import train_one

    limit(threads)
    settings = (("compile", compile, False), ("shard", shard, False), ("devices", devices, 1))
    chosen = {name: value for name, value, usual in settings if value != usual}
    with until_stopped() as stop:
        row = train_one(folder, backend=backend, device=device, stop=stop, progress=sys.stderr, **chosen)
    if torchrun.rank():
        return
    if as_json:
        output.document(row)
    else:
        output.result(f"{row['name']}  loss {row['loss']:.4f}")
