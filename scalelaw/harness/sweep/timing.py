"""How fast this machine trains and evaluates a cell: a few steps of a model of random weights on random tokens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from scalelaw.extras import need
from scalelaw.harness.cell import Cell

_WARM, _TIMED = 1, 3  # calls before the clock runs, and on it
_STEPS = 2  # of one call of JAX's, to count in what a call costs besides
_HELD_OUT_BATCH = 32  # windows, as in an evaluation


@dataclass(frozen=True)
class Pace:
    """Seconds of one training step, and of one held-out token."""

    step: float
    token: float


def measured(
    cell: Cell, *, device: str = "auto", backend: str = "torch", compile: bool = False, together: int = 1
) -> Pace:
    """The pace of a cell on this machine, with one thread on a CPU as the jobs of a sweep have.

    Of cells that JAX trains ``together`` it is each one's share.
    """
    need("torch", extra="train", purpose="an estimate of the time")
    return _in_jax(cell, device, together) if backend == "jax" else _in_torch(cell, device, compile)


def _in_torch(cell: Cell, device: str, compile: bool) -> Pace:
    import torch

    from scalelaw.harness import devices
    from scalelaw.harness.model import Model
    from scalelaw.harness.optimiser import descend, optimiser

    chosen, threads = devices.choose(device), torch.get_num_threads()
    model = Model(cell.shape, cell.streams, seed=cell.seed).to(chosen)
    adamw = optimiser(model, cell.recipe, cell.trained)
    loss = torch.compile(model.loss) if compile else model.loss
    random = torch.Generator().manual_seed(0)
    tokens, windows = (
        torch.randint(cell.shape.vocabulary, (sequences, cell.recipe.context), generator=random).to(chosen)
        for sequences in (cell.recipe.batch, _HELD_OUT_BATCH)
    )

    def step() -> None:
        with devices.precision(chosen):
            value = loss(tokens, tokens)
        descend(value, model, adamw, cell.recipe)
        value.item()  # waits for the device

    @torch.no_grad()
    def evaluate() -> None:
        with devices.precision(chosen):
            model.loss(windows, windows).item()

    torch.set_num_threads(1)
    try:
        return Pace(_best(step), _best(evaluate) / windows.numel())
    finally:
        torch.set_num_threads(threads)


def _in_jax(cell: Cell, device: str, together: int) -> Pace:
    import jax
    import jax.numpy as jnp
    import numpy as np

    from scalelaw.harness.jax.evaluating import losses_of
    from scalelaw.harness.jax.feeding import nothing
    from scalelaw.harness.jax.places import choose
    from scalelaw.harness.jax.stepping import adam, groups_of, make_steps, program_of, settings_of
    from scalelaw.harness.jax.weights import from_torch
    from scalelaw.harness.model import Model
    from scalelaw.harness.optimiser import optimiser

    model, place = Model(cell.shape, cell.streams, seed=cell.seed), choose(device)
    groups = groups_of(model, optimiser(model, cell.recipe, cell.trained))
    program, settings = program_of(cell, groups), settings_of(cell, groups)
    steps = make_steps(program, place, together=together > 1)
    random, size = np.random.default_rng(0), (_HELD_OUT_BATCH, cell.recipe.context)
    windows = random.integers(cell.shape.vocabulary, size=size).astype(np.int32)
    fed = nothing(cell, windows.dtype)
    fed.tokens[:] = random.integers(cell.shape.vocabulary, size=fed.tokens.shape)
    with jax.default_device(place.first):
        weights = from_torch(model)
        trained = {name: weights[name] for name in program.names}
        kept = {name: value for name, value in weights.items() if name not in trained}
        whole = trained, adam(program).init(trained), kept, settings, fed
        if together > 1:
            whole = jax.tree.map(lambda each: jnp.stack([each] * together), whole)
        trained, moments, kept, settings, fed = place.copy(whole)

        def step() -> None:
            nonlocal trained, moments
            trained, moments, losses, _ = steps(trained, moments, kept, settings, fed, _STEPS)
            np.asarray(losses)

        def evaluate() -> None:
            np.asarray(losses_of(weights, windows, windows, shape=program.shape, streams=program.streams))

        return Pace(_best(step) / _STEPS / together, _best(evaluate) / windows.size)


def _best(call: Callable[[], None]) -> float:
    """Seconds of the fastest of a few calls."""
    best = math.inf
    for each in range(_WARM + _TIMED):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began) if each >= _WARM else best
    return best
