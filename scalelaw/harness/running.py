"""A cell being trained: its steps, checkpoints, learning curve and end."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scalelaw.errors import Diverged, Stopped
from scalelaw.files import write_atomically
from scalelaw.harness import devices
from scalelaw.harness.batches import batch
from scalelaw.harness.cell import CHECKPOINT, Cell
from scalelaw.harness.evaluating import HeldOut, evaluate
from scalelaw.harness.model import Model
from scalelaw.harness.optimiser import descend, optimiser, set_rate
from scalelaw.harness.parallel import Alone
from scalelaw.harness.rows import curve_point, row_of
from scalelaw.harness.schedule import gate_share, rate_share
from scalelaw.harness.storage import load_checkpoint, restore, save_checkpoint, save_weights, tensors_of
from scalelaw.harness.windows import windows_at_once
from scalelaw.runs.writing import to_parquet

if TYPE_CHECKING:
    from scalelaw.harness.corpus import Corpus

CURVE_POINTS = 20  # evaluations on the way
CURVE_TOKENS = 65_536  # held-out tokens of each at most; the last evaluation takes them all
CURVE_SHARE = 0.3  # of the training tokens, at most, in all of them: a tenth of the time, as there is no backward pass
REPORT_SECONDS = 1.0


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0
    train_loss: float = math.nan
    backends: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    curve: list[dict[str, Any]] = field(default_factory=list)


def curve_windows(cell: Cell) -> int:
    """Held-out windows of one point of a learning curve: one batch at least."""
    share = int(CURVE_SHARE * cell.steps * cell.recipe.tokens_a_step / CURVE_POINTS)
    return max(min(CURVE_TOKENS, share) // cell.recipe.context, cell.recipe.batch)


def curve_steps(cell: Cell) -> set[int]:
    """Steps after which a point of the learning curve is taken; the last step is one of them."""
    return {math.ceil(i * cell.steps / CURVE_POINTS) for i in range(1, CURVE_POINTS + 1)}


class Run:
    """A cell being trained in its folder."""

    backend = "torch"

    def __init__(
        self,
        cell: Cell,
        folder: Path,
        corpus: Corpus,
        model: Model,
        *,
        processes: Alone | None = None,
        compile: bool = False,
    ):
        self.cell, self.folder, self.corpus = cell, folder, corpus
        self.processes = processes or Alone()
        self.device = model.embedding.weight.device
        self.model = self.processes.place(model)
        self.adamw = optimiser(self.model, cell.recipe, cell.trained)
        loss = self.processes.loss(self.model)
        self.loss = torch.compile(loss) if compile else loss
        self.progress = Progress()
        self.reported = -math.inf

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        tensors, progress = load_checkpoint(path, self.cell)
        restore(self.model, self.adamw, self.processes.parts(tensors, self.model))
        self.progress = Progress(**progress)

    def checkpoint(self) -> None:
        tensors = self.processes.whole(tensors_of(self.model, self.adamw))
        if self.processes.writes:
            save_checkpoint(self.folder / CHECKPOINT, self.cell, tensors, asdict(self.progress))

    def steps(self, stop: Callable[[], bool], checkpoint_seconds: float) -> None:
        """Take the steps that are left."""
        saved = began = time.monotonic()
        earlier = self.progress.seconds
        evaluations = curve_steps(self.cell)
        self.sign()
        while self.progress.step < self.cell.steps:
            if self.processes.agreed(stop()):
                self.checkpoint()
                raise Stopped(f"cell {self.cell.name} stopped after step {self.progress.step}; it goes on from there")
            self.step()
            now = time.monotonic()
            self.progress.seconds = earlier + now - began
            if self.progress.step in evaluations:
                self.evaluate()
            self.report(now)
            if self.processes.agreed(now - saved > checkpoint_seconds):
                self.checkpoint()
                saved = time.monotonic()

    def sign(self) -> None:
        """Take down who trains, and where: steps of another may have come before, and the row names both."""
        if self.progress.step == self.cell.steps:
            return
        for names, own in ((self.progress.backends, self.backend), (self.progress.devices, self.device_name)):
            if own not in names:
                names.append(own)

    def step(self) -> None:
        """One optimiser step."""
        recipe, step = self.cell.recipe, self.progress.step
        if self.cell.streams.near_identity:
            self.fade(gate_share(step, self.cell.steps, recipe))
        set_rate(self.adamw, recipe.rate * rate_share(step, self.cell.steps, recipe))
        inputs, targets = self.batch(step)
        with devices.precision(self.device):
            loss = self.loss(inputs, targets)

        def check(norm: torch.Tensor) -> None:
            self.progress.train_loss = self.processes.mean(loss)
            self.refuse_divergence(step + 1, self.progress.train_loss, float(self.processes.whole(norm)))

        descend(loss, self.model, self.adamw, recipe, check=check)
        self.progress.step = step + 1

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        recipe = self.cell.recipe
        arrays = batch(
            self.corpus.train,
            step=self.cell.first_step + step,
            batch=recipe.batch,
            context=recipe.context,
            seed=self.cell.seed,
        )
        inputs, targets = (self.processes.rows(torch.from_numpy(each)).to(self.device) for each in arrays)
        return inputs, targets

    def refuse_divergence(self, step: int, loss: float, norm: float) -> None:
        if math.isfinite(loss) and math.isfinite(norm):
            return
        raise Diverged(
            f"cell {self.cell.name} diverged at step {step} of {self.cell.steps}: loss {loss:.4g}, gradient norm "
            f"{norm:.4g}; lower the rate, now {self.cell.recipe.rate:g}",
            step,
        )

    def fade(self, gate: float) -> None:
        self.model.fade(gate)

    def held_out(self, windows: int | None = None) -> HeldOut:
        """Loss on the held-out tokens, or on some windows of them."""
        return evaluate(
            self.model,
            self.corpus,
            context=self.cell.recipe.context,
            batch=windows_at_once(self.cell, self.processes.processes),
            windows=windows,
            processes=self.processes,
        )

    def evaluate(self) -> None:
        """One point of the learning curve."""
        progress, held_out = self.progress, self.held_out(curve_windows(self.cell))
        point = curve_point(self.cell, progress.step, held_out, progress.train_loss, progress.seconds)
        progress.curve.append(point)
        if not self.processes.writes:
            return
        columns = {name: np.asarray([each[name] for each in progress.curve]) for name in point}
        write_atomically(self.folder / "log.parquet", to_parquet(columns, {"schema": "runs/1"}))

    def report(self, now: float) -> None:
        """Leave word of how far the run has come, about once a second."""
        if now - self.reported < REPORT_SECONDS or not self.processes.writes:
            return
        self.reported = now
        progress = self.progress
        tokens = progress.step * self.cell.recipe.tokens_a_step
        contents = {
            "step": progress.step,
            "steps": self.cell.steps,
            "seconds": round(progress.seconds, 3),
            "tokens_per_second": round(tokens / max(progress.seconds, 1e-9), 1),
            "loss": progress.train_loss,
            "time": time.time(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        write_atomically(self.folder / "progress.json", json.dumps(contents))

    def finish(self) -> dict[str, Any]:
        """Evaluate on all held-out tokens, write weights and the row; the row is given back."""
        if self.cell.streams.near_identity:
            self.fade(1.0)
        held_out = self.held_out()
        if not math.isfinite(held_out.loss):
            raise Diverged(f"cell {self.cell.name} ended with a held-out loss of {held_out.loss}", self.cell.steps)
        row = self.row(held_out)
        model = self.whole_model()
        if self.processes.writes:
            save_weights(self.folder / "weights.safetensors", self.cell, model)
            write_atomically(self.folder / "row.json", json.dumps(row, indent=1))
            (self.folder / CHECKPOINT).unlink(missing_ok=True)
        return row

    def row(self, held_out: HeldOut) -> dict[str, Any]:
        """The row of the runs table."""
        progress = self.progress
        backend, device = "+".join(progress.backends), "+".join(progress.devices) or self.device_name
        return row_of(self.cell, held_out, progress.train_loss, progress.seconds, device=device, backend=backend)

    @property
    def device_name(self) -> str:
        return str(self.device)

    def whole_model(self) -> Model:
        """The model as it is kept: in one piece, prefixes merged."""
        model = self.model
        if self.processes.processes > 1:
            model = Model(self.cell.shape, self.cell.streams)
            model.load_state_dict(self.processes.whole(self.model.state_dict()))
        return model.merged() if self.cell.streams.prefix == "reparameterised" else model
