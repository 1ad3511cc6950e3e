"""A cell being trained in JAX. The PyTorch model and optimiser of the run hold it in checkpoints and at its end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import numpy as np

from scalelaw.harness.cell import Cell
from scalelaw.harness.evaluating import HeldOut
from scalelaw.harness.jax.evaluating import evaluate
from scalelaw.harness.jax.feeding import CALL, feed, gate
from scalelaw.harness.jax.places import Place
from scalelaw.harness.jax.stepping import adam, groups_of, make_steps, program_of, settings_of
from scalelaw.harness.jax.weights import from_torch, into_torch, moments_from_torch, moments_into_torch
from scalelaw.harness.model import Model
from scalelaw.harness.running import REPORT_SECONDS, Run, curve_steps
from scalelaw.harness.windows import windows_at_once

if TYPE_CHECKING:
    from scalelaw.harness.corpus import Corpus


class JaxRun(Run):
    """A cell being trained in its folder; steps and evaluations are JAX's, the rest is the run of PyTorch.

    A checkpoint is PyTorch's own, so that either can go on from it.
    """

    backend = "jax"

    def __init__(self, cell: Cell, folder: Path, corpus: Corpus, model: Model, place: Place):
        super().__init__(cell, folder, corpus, model)
        self.place = place
        groups = groups_of(model, self.adamw)
        self.program = program_of(cell, groups)
        self.settings = settings_of(cell, groups)
        self.stride = Stride()
        self.take_over()

    def take_over(self) -> None:
        """Weights and moments from the PyTorch model and its optimiser."""
        weights = self.place.copy(from_torch(self.model))
        self.trained = {name: weights.pop(name) for name in self.program.names}
        self.kept = weights
        moments = moments_from_torch(adam(self.program).init(self.trained), self.model, self.adamw)
        self.moments = self.place.copy(moments)

    def hand_back(self) -> None:
        """Weights and moments to the PyTorch model and its optimiser."""
        into_torch(self.weights, self.model)
        moments_into_torch(self.moments, self.model, self.adamw)

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
        """As many optimiser steps as take about a second, up to the next point of the learning curve."""
        steps, count = make_steps(self.program, self.place), self.ahead(self.stride.steps)
        fed = feed(self.cell, self.corpus.train, self.progress.step, count)
        with self.stride:
            fed = fed._replace(tokens=self.place.spread(fed.tokens, axis=1))
            self.trained, self.moments, *seen = steps(self.trained, self.moments, self.kept, self.settings, fed, count)
            losses, norms = map(np.asarray, seen)
        self.advance(losses, norms, count)

    def ahead(self, steps: int) -> int:
        """So many steps, or those that are left before the next point of the learning curve."""
        step = self.progress.step
        return min(steps, min(each for each in curve_steps(self.cell) if each > step) - step)

    def advance(self, losses: np.ndarray, norms: np.ndarray, count: int) -> None:
        """Take down what the last steps came to."""
        for i in range(count):
            self.refuse_divergence(self.progress.step + 1, float(losses[i]), float(norms[i]))
            self.progress.step, self.progress.train_loss = self.progress.step + 1, float(losses[i])
        if self.cell.streams.near_identity:
            self.fade(gate(self.cell, self.progress.step - 1))

    def fade(self, gate: float) -> None:
        super().fade(gate)
        self.kept["prefix_gate"] = self.place.copy(np.float32(self.model.prefix_gate.item()))

    def held_out(self, windows: int | None = None) -> HeldOut:
        devices = self.place.mesh.size
        return evaluate(
            self.weights,
            self.corpus,
            self.program.shape,
            self.program.streams,
            context=self.cell.recipe.context,
            batch=devices * windows_at_once(self.cell, devices),
            windows=windows,
            place=self.place,
        )

    @property
    def device_name(self) -> str:
        return self.place.first.platform

    def whole_model(self) -> Model:
        self.hand_back()
        return super().whole_model()


class Stride:
    """How many steps to take in one call: twice as many while calls are short, half as many where one was long.

    Between calls a run hears that it should stop, reports and writes checkpoints. Losses do not depend on it.
    """

    def __init__(self) -> None:
        self.steps = 1

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        took = time.monotonic() - self._began
        if took < REPORT_SECONDS / 2:
            self.steps = min(2 * self.steps, CALL)
        elif took > REPORT_SECONDS:
            self.steps = max(self.steps // 2, 1)
