"""Train one cell: from its first step, or from its checkpoint, to its row of the runs table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scalelaw.errors import HarnessError
from scalelaw.harness import corpus as corpora
from scalelaw.harness import devices
from scalelaw.harness.batches import check_enough
from scalelaw.harness.cell import Cell
from scalelaw.harness.malloc import keep_freed_memory
from scalelaw.harness.model import Model
from scalelaw.harness.parallel import processes
from scalelaw.harness.running import Run
from scalelaw.harness.storage import load_weights


def train(
    cell: Cell,
    folder: str | os.PathLike[str],
    *,
    device: str = "auto",
    compile: bool = False,
    shard: bool = False,
    checkpoint_seconds: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train a cell in its folder, going on from the checkpoint there if there is one.

    The folder gets ``progress.json`` about every second, ``checkpoint.safetensors``, the learning curve ``log.parquet``
    (loss on a part of the held-out tokens), and in the end ``weights.safetensors`` and, last of all, ``row.json``: a
    cell is done if that is there. Reparameterised prefixes are merged in the weights.

    Parameters
    ----------
    cell : Cell
    folder : path
        Made if need be. A cell that goes on from another finds that one's folder, named by its id, beside its own.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    compile : bool
        Whether to compile the model with ``torch.compile``: slower to begin, about a tenth faster a step on a CPU.
    shard : bool
        Under ``torchrun``: whether to spread the model over the processes (FSDP2) instead of copying it to each (DDP).
    checkpoint_seconds : float
        Seconds between checkpoints.
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
        If corpus, checkpoint or device cannot be used.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = devices.choose(device)
    devices.be_deterministic(chosen)
    if chosen.type == "cpu":
        keep_freed_memory()
    corpus = corpus_of(cell)
    with processes(chosen, shard=shard) as those:
        check_divided(cell, those.processes)
        run = Run(cell, folder, corpus, first_model(cell, folder).to(chosen), processes=those, compile=compile)
        run.resume()
        run.steps(stop, checkpoint_seconds)
        return run.finish()


def corpus_of(cell: Cell) -> corpora.Corpus:
    """The corpus that a cell was planned with, refused if it is too short for it."""
    corpus = corpora.load(cell.corpus, tokenizer=cell.tokenizer, hash=cell.corpus_hash, held_out=cell.held_out)
    check_enough(
        len(corpus.train),
        steps=cell.first_step + cell.steps,
        batch=cell.recipe.batch,
        context=cell.recipe.context,
        repeat=cell.repeat,
        corpus=cell.corpus,
    )
    return corpus


def check_divided(cell: Cell, count: int, sharers: str = "processes") -> None:
    """Refuse a batch that so many processes, or devices, cannot share alike."""
    if cell.recipe.batch % count:
        raise HarnessError(
            f"a batch of {cell.recipe.batch} sequences cannot be shared alike by {count} {sharers}; take as many as "
            "divide it"
        )


def first_model(cell: Cell, folder: Path) -> Model:
    """The model before the first step: new, or the one that the cell before it ended with, with streams put on."""
    if cell.start is None:
        return Model(cell.shape, cell.streams, seed=cell.seed)
    earlier, _ = load_weights(folder.parent / cell.start.id)
    if (earlier.streams, earlier.shape) == (cell.streams, cell.shape):
        return earlier
    return earlier.with_streams(cell.streams, cell.shape, seed=cell.seed)
