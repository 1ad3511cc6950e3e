"""Training without a model: a loss that depends on the cell alone, step by step, with checkpoints."""

import json
import math
import os
import socket
import time
from pathlib import Path

from scalelaw.cost import parameters
from scalelaw.errors import Diverged, Stopped
from scalelaw.files import write_atomically

STEPS = 6


def train(cell, folder, *, stop=lambda: False, device="auto", compile=False, checkpoint_seconds=60.0):
    """A few steps of QUICK_SECONDS each; QUICK_TROUBLE (``name-part:what``) makes some cells fail."""
    folder = Path(folder)
    with (folder / "begun").open("a") as file:
        file.write(f"{os.getpid()}\n")
    part, _, trouble = os.environ.get("QUICK_TROUBLE", "").partition(":")
    state = folder / "checkpoint.safetensors"
    first = json.loads(state.read_text()) if state.exists() else 0
    for step in range(first, STEPS):
        if stop():
            raise Stopped("stopped")
        time.sleep(float(os.environ.get("QUICK_SECONDS", "0")))
        if part and part in cell.name and step == 2:
            _fail(trouble, cell)
        _put(state, json.dumps(step + 1))
        progress = {"step": step + 1, "steps": cell.steps, "seconds": 1.0, "loss": 3.0, "time": time.time()}
        _put(folder / "progress.json", json.dumps(progress | {"host": socket.gethostname()}))
    row = row_of(cell)
    (folder / "log.parquet").write_bytes(b"PAR1 not a table of finished runs")
    (folder / "weights.safetensors").write_bytes(b"")
    write_atomically(folder / "row.json", json.dumps(row))
    with (folder / "ended").open("a") as file:
        file.write(f"{os.getpid()}\n")
    state.unlink()
    return row


def together(cells, folders, *, failed, **options):
    """Several in one call, one after the other; each leaves word of how many there were."""
    for cell, folder in zip(cells, folders, strict=True):
        (folder / "together").write_text(str(len(cells)))
        try:
            train(cell, folder, **options)
        except Diverged as error:
            failed(cell, error)


def _put(path, text):
    """Whole or not at all, without the flush to disk, which takes longer than the training."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def row_of(cell):
    counts = parameters(cell.shape, cell.streams.count)
    loss = 1.2 + (2e4 / (counts["N_backbone"] * cell.streams.count**0.3)) ** 0.3 + 1e-3 * math.sin(int(cell.id, 16))
    own = {
        "P": cell.streams.count,
        "D": cell.D,
        "C": cell.C,
        "loss": loss,
        "loss_se": None,
        "seed": cell.seed,
        "source": "quick",
    }
    return {**counts, **own, "step": cell.steps, "run": cell.id, "dataset": cell.corpus, "seconds": 1.0}


def _fail(trouble, cell):
    if trouble == "diverge":
        raise Diverged(f"cell {cell.name} diverged at step 3: the loss is nan; lower the rate", 3)
    if trouble == "full":
        raise OSError(28, "No space left on device")
    if trouble == "die":
        os._exit(9)
    raise RuntimeError("out of luck")
