"""How fast this machine trains and evaluates a cell: a few steps of a model of random weights on random tokens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from scalelaw.extras import need
from scalelaw.harness.cell import Cell

_WARM, _TIMED = 1, 3  # calls before the clock runs, and on it
_HELD_OUT_BATCH = 32  # windows, as in an evaluation


@dataclass(frozen=True)
class Pace:
    """Seconds of one training step, and of one held-out token."""

    step: float
    token: float


def measured(cell: Cell, *, device: str = "auto", backend: str = "torch", compile: bool = False) -> Pace:
    """The pace of a cell on this machine, with one thread on a CPU as the jobs of a sweep have."""
    need("torch", extra="train", purpose="an estimate of the time")
    return _in_jax(cell, device) if backend == "jax" else _in_torch(cell, device, compile)


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


def _in_jax(cell: Cell, device: str) -> Pace:
    import jax
    import jax.numpy as jnp
    import numpy as np

    from scalelaw.harness.jax.evaluating import losses_of
    from scalelaw.harness.jax.stepping import adam, groups_of, make_step
    from scalelaw.harness.jax.training import choose
    from scalelaw.harness.jax.weights import from_torch
    from scalelaw.harness.model import Model
    from scalelaw.harness.optimiser import optimiser

    model = Model(cell.shape, cell.streams, seed=cell.seed)
    groups = groups_of(model, optimiser(model, cell.recipe, cell.trained))
    compiled = make_step(cell.shape, cell.streams, cell.recipe, groups)
    random = np.random.default_rng(0)
    drawn = [
        random.integers(cell.shape.vocabulary, size=(sequences, cell.recipe.context)).astype(np.int32)
        for sequences in (cell.recipe.batch, _HELD_OUT_BATCH)
    ]
    with jax.default_device(choose(device)):
        tokens, windows = map(jnp.asarray, drawn)
        kept, rate = from_torch(model), jnp.float32(cell.recipe.rate)
        trained = {name: kept.pop(name) for name, *_ in groups}
        state = adam(cell.recipe).init(trained)

        def step() -> None:
            nonlocal trained, state
            trained, state, value, _ = compiled(trained, state, kept, tokens, tokens, rate)
            float(value)

        def evaluate() -> None:
            np.asarray(losses_of({**kept, **trained}, windows, windows, shape=cell.shape, streams=cell.streams))

        return Pace(_best(step), _best(evaluate) / windows.size)


def _best(call: Callable[[], None]) -> float:
    """Seconds of the fastest of a few calls."""
    best = math.inf
    for each in range(_WARM + _TIMED):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began) if each >= _WARM else best
    return best
