"""Train one cell in JAX: from its first step, or from its checkpoint, to its row of the runs table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from scalelaw.errors import HarnessError
from scalelaw.harness import torchrun
from scalelaw.harness.cell import Cell
from scalelaw.harness.jax.running import JaxRun
from scalelaw.harness.malloc import keep_freed_memory
from scalelaw.harness.training import corpus_of, first_model


def train(
    cell: Cell,
    folder: str | os.PathLike[str],
    *,
    device: str = "auto",
    checkpoint_seconds: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train a cell in its folder in JAX, going on from the checkpoint there if there is one.

    What :func:`scalelaw.harness.train` does, with the same first weights, batches, schedule and files; the row has
    ``backend`` "jax". Losses agree with PyTorch's to rounding, in float32 on a CPU. A sweep trains in JAX with
    ``train="jax"``. JAX takes all cores of a CPU that it may; start Python under ``taskset`` or in a container to give
    it fewer.

    Parameters
    ----------
    cell : Cell
    folder : path
        Made if need be. A cell that goes on from another finds that one's folder, named by its id, beside its own.
    device : str
        ``auto``, JAX's first choice, or the name of a platform: ``cpu``, ``gpu``, ``tpu``.
    checkpoint_seconds : float
        Seconds between checkpoints, which PyTorch's training can go on from, and this one from PyTorch's.
    stop : callable
        Asked before every step; when it says yes, a checkpoint is written and Stopped raised.

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
    if torchrun.processes() > 1:
        raise HarnessError("a cell is trained in JAX by one process; start it without torchrun, or train it in PyTorch")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    corpus = corpus_of(cell)
    chosen = choose(device)
    if chosen.platform == "cpu":
        keep_freed_memory()
    with jax.default_device(chosen):
        run = JaxRun(cell, folder, corpus, first_model(cell, folder))
        run.resume()
        run.steps(stop, checkpoint_seconds)
        return run.finish()


def choose(device: str) -> jax.Device:
    """The first device of that platform; ``auto`` is the first of all.

    Raises
    ------
    HarnessError
        If JAX has no such device on this machine.
    """
    try:
        return jax.devices(None if device == "auto" else device)[0]
    except RuntimeError as error:
        raise HarnessError(
            f"JAX has no device {device!r} here; choose auto, or {jax.default_backend()}, the platform it has found"
        ) from error
