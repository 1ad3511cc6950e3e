"""Train one cell in JAX: from its first step, or from its checkpoint, to its row of the runs table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax

from scalelaw.errors import HarnessError
from scalelaw.harness import torchrun
from scalelaw.harness.cell import Cell
from scalelaw.harness.jax.places import Place, choose
from scalelaw.harness.jax.running import JaxRun
from scalelaw.harness.malloc import keep_freed_memory
from scalelaw.harness.training import check_divided, corpus_of, first_model


def train(
    cell: Cell,
    folder: str | os.PathLike[str],
    *,
    device: str = "auto",
    devices: int = 1,
    checkpoint_seconds: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train a cell in its folder in JAX, going on from the checkpoint there if there is one.

    What :func:`scalelaw.harness.train` does, with the same first weights, batches, schedule and files; the row has
    ``backend`` "jax". Losses agree with PyTorch's to rounding, in float32 on a CPU. A sweep trains in JAX with
    ``train="jax"``. JAX takes all cores of a CPU that it may, or as many as the environment variable ``NPROC`` says
    when it is first used.

    Parameters
    ----------
    cell : Cell
    folder : path
        Made if need be. A cell that goes on from another finds that one's folder, named by its id, beside its own.
    device : str
        ``auto``, JAX's first choice, or the name of a platform: ``cpu``, ``gpu``, ``tpu``.
    devices : int
        How many of them share each batch, sequence by sequence; weights are on each.
    checkpoint_seconds : float
        Seconds between checkpoints, which PyTorch's training can go on from, and this one from PyTorch's.
    stop : callable
        Asked between calls of the compiled steps, each about a second long; when it says yes, a checkpoint is written
        and Stopped raised.

    Returns
    -------
    dict
        The row of the runs table: N, P, D, C, loss, loss_se, bpb, counts in groups, settings.

    Raises
    ------
    Diverged
        If the loss or the gradient becomes infinite or NaN.
    Stopped
        If ``stop`` said so.
    HarnessError
        If corpus, checkpoint or device cannot be used, or ``torchrun`` started several processes.
    """
    with placed(cell, device, devices) as place:
        run = begun(cell, Path(folder), place)
        run.steps(stop, checkpoint_seconds)
        return run.finish()


@contextmanager
def placed(cell: Cell, device: str, devices: int) -> Iterator[Place]:
    """The devices for a cell, of which the first is JAX's default inside the block.

    Raises
    ------
    HarnessError
        If they are not there or cannot share its batch, or ``torchrun`` started several processes.
    """
    if torchrun.processes() > 1:
        raise HarnessError("a cell is trained in JAX by one process; start it without torchrun, or train it in PyTorch")
    place = choose(device, devices)
    check_divided(cell, place.mesh.size, "devices")
    if place.first.platform == "cpu":
        keep_freed_memory()
    with jax.default_device(place.first):
        yield place


def begun(cell: Cell, folder: Path, place: Place) -> JaxRun:
    """A cell in its folder, at its checkpoint if there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    run = JaxRun(cell, folder, corpus_of(cell), first_model(cell, folder), place)
    run.resume()
    return run
