"""A cell being trained in JAX. The PyTorch model and optimiser of the run hold it in checkpoints and at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from scalelaw.harness.cell import Cell
from scalelaw.harness.evaluating import HeldOut
from scalelaw.harness.jax.evaluating import evaluate
from scalelaw.harness.jax.stepping import adam, groups_of, make_step
from scalelaw.harness.jax.weights import from_torch, into_torch, moments_from_torch, moments_into_torch
from scalelaw.harness.model import Model
from scalelaw.harness.rows import row_of
from scalelaw.harness.running import Run
from scalelaw.harness.schedule import gate_share, rate_share

if TYPE_CHECKING:
    from scalelaw.harness.corpus import Corpus


class JaxRun(Run):
    """A cell being trained in its folder; steps and evaluations are JAX's, the rest is the run of PyTorch.

    A checkpoint is PyTorch's own, so that either can go on from it.
    """

    def __init__(self, cell: Cell, folder: Path, corpus: Corpus, model: Model):
        super().__init__(cell, folder, corpus, model)
        groups = groups_of(model, self.adamw)
        self.compiled = make_step(cell.shape, cell.streams, cell.recipe, groups)
        self.names = [name for name, *_ in groups]
        self.take_over()

    def take_over(self) -> None:
        """Weights and moments from the PyTorch model and its optimiser."""
        weights = from_torch(self.model)
        self.trained = {name: weights.pop(name) for name in self.names}
        self.kept = weights
        self.state = moments_from_torch(adam(self.cell.recipe).init(self.trained), self.model, self.adamw)

    def hand_back(self) -> None:
        """Weights and moments to the PyTorch model and its optimiser."""
        into_torch(self.weights, self.model)
        moments_into_torch(self.state, self.model, self.adamw)

    @property
    def weights(self) -> dict[str, jax.Array]:
        return {**self.kept, **self.trained}

    def resume(self) -> None:
        super().resume()
        self.take_over()

    def checkpoint(self) -> None:
        self.hand_back()
        super().checkpoint()

    def step(self) -> None:
        """One optimiser step."""
        recipe, step = self.cell.recipe, self.progress.step
        if self.cell.streams.near_identity:
            self.fade(gate_share(step, self.cell.steps, recipe))
        rate = jnp.float32(recipe.rate * rate_share(step, self.cell.steps, recipe))
        tokens, targets = (jnp.asarray(each.numpy().astype(np.int32)) for each in self.batch(step))
        self.trained, self.state, loss, norm = self.compiled(self.trained, self.state, self.kept, tokens, targets, rate)
        self.refuse_divergence(step + 1, float(loss), float(norm))
        self.progress.step, self.progress.train_loss = step + 1, float(loss)

    def fade(self, gate: float) -> None:
        super().fade(gate)
        self.kept["prefix_gate"] = jnp.float32(self.model.prefix_gate.item())

    def held_out(self, windows: int | None = None) -> HeldOut:
        cell = self.cell
        return evaluate(
            self.weights, self.corpus, cell.shape, self.model.streams, context=cell.recipe.context, windows=windows
        )

    def row(self, held_out: HeldOut) -> dict[str, Any]:
        device = jax.tree.leaves(self.weights)[0].device.platform
        progress = self.progress
        return row_of(self.cell, held_out, progress.train_loss, progress.seconds, device, backend="jax")

    def whole_model(self) -> Model:
        self.hand_back()
        return super().whole_model()
