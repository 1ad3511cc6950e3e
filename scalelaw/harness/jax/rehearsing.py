"""Steps and evaluations of a cell on random tokens, to be timed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from scalelaw.harness.cell import Cell
from scalelaw.harness.jax.evaluating import losses_of
from scalelaw.harness.jax.feeding import nothing
from scalelaw.harness.jax.places import choose
from scalelaw.harness.jax.stepping import adam, groups_of, make_steps, program_of, settings_of
from scalelaw.harness.jax.weights import from_torch
from scalelaw.harness.model import Model
from scalelaw.harness.optimiser import optimiser


class Rehearsal:
    """A cell, or several like it trained together, at its first weights and a rate of zero."""

    def __init__(self, cell: Cell, *, device: str = "auto", together: int = 1):
        place = choose(device)
        model = Model(cell.shape, cell.streams, seed=cell.seed)
        groups = groups_of(model, optimiser(model, cell.recipe, cell.trained))
        self.program = program_of(cell, groups)
        self.compiled = make_steps(self.program, place, together=together > 1)
        self.random, self.vocabulary = np.random.default_rng(0), cell.shape.vocabulary
        fed = nothing(cell, np.dtype(np.int32))
        fed = fed._replace(tokens=self.tokens(fed.tokens.shape))
        with jax.default_device(place.first):
            self.weights = from_torch(model)
            trained = {name: self.weights[name] for name in self.program.names}
            kept = {name: value for name, value in self.weights.items() if name not in trained}
            whole = (trained, adam(self.program).init(trained)), (kept, settings_of(cell, groups), fed)
            copies = together if together > 1 else None
            # placed as steps leave them, or the second call would be compiled anew
            self.state, self.fixed = place.copy(jax.tree.map(lambda each: _copied(each, copies), whole))

    def tokens(self, size: tuple[int, ...]) -> np.ndarray:
        return self.random.integers(self.vocabulary, size=size).astype(np.int32)

    def step(self, count: int) -> None:
        """Take so many steps in one call."""
        *state, losses, _ = self.compiled(*self.state, *self.fixed, count)
        self.state = tuple(state)
        np.asarray(losses)  # waits for the device

    def evaluate(self, windows: np.ndarray) -> None:
        """Losses of windows (B, S)."""
        np.asarray(losses_of(self.weights, windows, windows, shape=self.program.shape, streams=self.program.streams))


def _copied(array: jax.Array, copies: int | None) -> jax.Array:
    """A copy, as the steps write over what they are given; or several along a first axis."""
    return jnp.array(array, copy=True) if copies is None else jnp.stack([array] * copies)
