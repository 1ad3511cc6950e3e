"""Train one cell: from its first step, or from its checkpoint, to its row of the runs table."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from scalelaw._version import __version__
from scalelaw.cost import parameters
from scalelaw.errors import Diverged, Stopped
from scalelaw.files import write_atomically
from scalelaw.harness import corpus as corpora
from scalelaw.harness import devices
from scalelaw.harness.batches import batch, check_enough
from scalelaw.harness.cell import Cell
from scalelaw.harness.evaluate import HeldOut, evaluate
from scalelaw.harness.model import Model
from scalelaw.harness.optimiser import optimiser, set_rate
from scalelaw.harness.schedule import rate_share
from scalelaw.harness.storage import load_checkpoint, load_weights, save_checkpoint, save_weights
from scalelaw.runs.writing import to_parquet

CURVE_POINTS = 20  # evaluations on the way
CURVE_TOKENS = 65_536  # held-out tokens of each; the last one takes them all


def train(
    cell: Cell,
    folder: str | os.PathLike[str],
    *,
    device: str = "auto",
    compile: bool = False,
    checkpoint_seconds: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train a cell in its folder, going on from the checkpoint there if there is one.

    The folder gets ``progress.json`` about every second, ``checkpoint.pt``, the learning curve ``log.parquet`` (loss on
    a part of the held-out tokens), and in the end ``weights.safetensors`` and, last of all, ``row.json``: a cell is done
    if that is there. Reparameterised prefixes are merged before the last evaluation.

    Parameters
    ----------
    cell : Cell
    folder : path
        Made if need be. A cell that goes on from another finds that one's folder, named by its id, beside its own.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    compile : bool
        Whether to compile the model with ``torch.compile``: slower to begin, about a tenth faster a step on a CPU.
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
    corpus = corpora.load(cell.corpus, tokenizer=cell.tokenizer, hash=cell.corpus_hash)
    check_enough(
        len(corpus.train),
        steps=cell.first_step + cell.steps,
        batch=cell.recipe.batch,
        context=cell.recipe.context,
        repeat=cell.repeat,
        corpus=cell.corpus,
    )
    run = _Run(cell, folder, corpus, first_model(cell, folder).to(chosen), compile=compile)
    run.resume()
    run.steps(stop, checkpoint_seconds)
    return run.finish()


def first_model(cell: Cell, folder: Path) -> Model:
    """The model before the first step: new, or the one that the cell before it ended with, with streams put on."""
    if cell.start is None:
        return Model(cell.shape, cell.streams, seed=cell.seed)
    earlier, _ = load_weights(folder.parent / cell.start.id)
    if (earlier.streams, earlier.shape) == (cell.streams, cell.shape):
        return earlier
    return earlier.with_streams(cell.streams, cell.shape, seed=cell.seed)


@dataclass
class _Progress:
    step: int = 0
    seconds: float = 0.0
    train_loss: float = math.nan
    curve: list[dict[str, Any]] | None = None


class _Run:
    """A cell being trained."""

    def __init__(self, cell: Cell, folder: Path, corpus: corpora.Corpus, model: Model, *, compile: bool):
        self.cell, self.folder, self.corpus, self.model = cell, folder, corpus, model
        self.device = model.embedding.weight.device
        self.adamw = optimiser(model, cell.recipe, cell.trained)
        self.loss = torch.compile(model.loss) if compile else model.loss
        self.progress = _Progress(curve=[])
        self.reported = 0.0

    def resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = load_checkpoint(path, self.cell)
        self.model.load_state_dict(state["model"])
        self.adamw.load_state_dict(state["optimiser"])
        self.progress = _Progress(state["step"], state["seconds"], state["train_loss"], state["curve"])

    def checkpoint(self) -> None:
        progress = self.progress
        save_checkpoint(
            self.folder / "checkpoint.pt",
            self.cell,
            {
                "model": self.model.state_dict(),
                "optimiser": self.adamw.state_dict(),
                "step": progress.step,
                "seconds": progress.seconds,
                "train_loss": progress.train_loss,
                "curve": progress.curve,
            },
        )

    def steps(self, stop: Callable[[], bool], checkpoint_seconds: float) -> None:
        saved = began = time.monotonic()
        before = self.progress.seconds
        evaluations = _evaluations(self.cell.steps)
        while self.progress.step < self.cell.steps:
            if stop():
                self.checkpoint()
                raise Stopped(f"cell {self.cell.name} stopped after step {self.progress.step}; it goes on from there")
            train_loss = self.step()
            now = time.monotonic()
            self.progress.seconds = before + now - began
            if self.progress.step in evaluations:
                self.evaluate(train_loss)
            self.report(now)
            if now - saved > checkpoint_seconds:
                self.checkpoint()
                saved = time.monotonic()

    def step(self) -> torch.Tensor:
        """One optimiser step; gives the training loss before it."""
        recipe, step = self.cell.recipe, self.progress.step
        share = rate_share(step, self.cell.steps, recipe)
        if self.cell.streams.near_identity:
            self.model.fade(step / max(math.ceil(recipe.warmup * self.cell.steps), 1))
        set_rate(self.adamw, recipe.rate * share)
        arrays = batch(
            self.corpus.train,
            step=self.cell.first_step + step,
            batch=recipe.batch,
            context=recipe.context,
            seed=self.cell.seed,
        )
        inputs, targets = (torch.from_numpy(each).to(self.device) for each in arrays)
        with devices.precision(self.device):
            loss = self.loss(inputs, targets)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        if not (math.isfinite(norm.item()) and math.isfinite(loss.item())):
            raise Diverged(
                f"cell {self.cell.name} diverged at step {step + 1} of {self.cell.steps}: loss {loss.item():.4g}, "
                f"gradient norm {norm.item():.4g}; lower the rate, now {recipe.rate:g}",
                step + 1,
            )
        self.adamw.step()
        self.adamw.zero_grad()
        self.progress.step = step + 1
        self.progress.train_loss = loss.item()
        return loss.detach()

    def evaluate(self, train_loss: torch.Tensor) -> None:
        """One point of the learning curve."""
        context = self.cell.recipe.context
        held_out = evaluate(self.model, self.corpus, context=context, windows=max(CURVE_TOKENS // context, 1))
        assert self.progress.curve is not None
        self.progress.curve.append(self.point(held_out, float(train_loss)))
        columns = {name: [point[name] for point in self.progress.curve] for name in self.progress.curve[0]}
        import numpy as np

        arrays = {name: np.asarray(values) for name, values in columns.items()}
        write_atomically(self.folder / "log.parquet", to_parquet(arrays, {"schema": "runs/1"}))

    def point(self, held_out: HeldOut, train_loss: float) -> dict[str, Any]:
        recipe, step = self.cell.recipe, self.progress.step
        D = (self.cell.first_step + step) * recipe.tokens_a_step
        counts = parameters(self.cell.shape, self.cell.streams.count)
        return {
            "run": self.cell.id,
            "N": counts["N"],
            "N_backbone": counts["N_backbone"],
            "P": self.cell.streams.count,
            "D": D,
            "step": self.cell.first_step + step,
            "loss": held_out.loss,
            "loss_se": held_out.loss_se,
            "bpb": held_out.bpb,
            "train_loss": train_loss,
            "rate": recipe.rate * rate_share(step - 1, self.cell.steps, recipe),
            "seed": self.cell.seed,
            "seconds": self.progress.seconds,
        }

    def report(self, now: float) -> None:
        if now - self.reported < 1.0:
            return
        self.reported = now
        progress = self.progress
        rate = progress.step * self.cell.recipe.tokens_a_step / max(progress.seconds, 1e-9)
        contents = {
            "step": progress.step,
            "steps": self.cell.steps,
            "seconds": round(progress.seconds, 3),
            "tokens_per_second": round(rate, 1),
            "loss": progress.train_loss,
            "time": time.time(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        write_atomically(self.folder / "progress.json", json.dumps(contents))

    def finish(self) -> dict[str, Any]:
        """Merge, evaluate on all held-out tokens, write weights and the row."""
        if self.cell.streams.near_identity:
            self.model.fade(1.0)
        if self.cell.streams.prefix == "reparameterised":
            self.model = self.model.merged()
        held_out = evaluate(self.model, self.corpus, context=self.cell.recipe.context)
        if not math.isfinite(held_out.loss):
            raise Diverged(
                f"cell {self.cell.name} has a held-out loss of {held_out.loss} after its last step", self.cell.steps
            )
        row = row_of(self.cell, held_out, self.progress.train_loss, self.progress.seconds, str(self.device))
        save_weights(self.folder / "weights.safetensors", self.cell, self.model)
        write_atomically(self.folder / "row.json", json.dumps(row, indent=1))
        (self.folder / "checkpoint.pt").unlink(missing_ok=True)
        return row


def _evaluations(steps: int) -> set[int]:
    """Steps at which the learning curve has a point: evenly spaced, the last among them."""
    return {math.ceil(i * steps / CURVE_POINTS) for i in range(1, CURVE_POINTS + 1)}


def row_of(cell: Cell, held_out: HeldOut, train_loss: float, seconds: float, device: str) -> dict[str, Any]:
    """A finished cell as a row of the runs table, settings included."""
    shape, streams, recipe = cell.shape, cell.streams, cell.recipe
    counts = parameters(shape, streams.count)
    return {
        "N": counts.pop("N"),
        "N_backbone": counts.pop("N_backbone"),
        "P": streams.count,
        "D": cell.D,
        "C": cell.C,
        "loss": held_out.loss,
        "loss_se": held_out.loss_se if math.isfinite(held_out.loss_se) else None,
        "bpb": held_out.bpb,
        "seed": cell.seed,
        "step": cell.first_step + cell.steps,
        "run": cell.id,
        "name": cell.name,
        "source": f"scalelaw {__version__} harness",
        "dataset": cell.corpus,
        **counts,
        "tokenizer": cell.tokenizer,
        "corpus_hash": cell.corpus_hash,
        "held_out_tokens": held_out.tokens,
        "train_loss": train_loss,
        **{name: getattr(shape, name) for name in ("layers", "width", "heads", "kv_heads", "ffn", "vocabulary")},
        **{name: getattr(shape, name) for name in ("prefix_tokens", "aggregation", "prefix_at_one")},
        **{name: getattr(streams, name) for name in ("smoothing", "prefix", "prefix_scale", "near_identity")},
        **{name: getattr(recipe, name) for name in ("batch", "context", "rate", "schedule", "warmup", "decay")},
        "prefix_rate": recipe.prefix_rate,
        "trained": cell.trained,
        "start": None if cell.start is None else cell.start.id,
        "device": device,
        "seconds": seconds,
    }
