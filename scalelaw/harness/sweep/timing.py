"""How fast this machine trains and evaluates a cell: a few steps of a model of random weights on random tokens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from scalelaw.extras import need
from scalelaw.harness.cell import Cell
from scalelaw.harness.engines.threads import inherited

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
    from scalelaw.harness.jax.rehearsing import Rehearsal

    with inherited(1):  # JAX counts its threads when it first looks for devices
        rehearsal = Rehearsal(cell, device=device, together=together)
    windows = rehearsal.tokens((_HELD_OUT_BATCH, cell.recipe.context))
    step = _best(lambda: rehearsal.step(_STEPS)) / (_STEPS * together)
    return Pace(step, _best(lambda: rehearsal.evaluate(windows)) / windows.size)


def _best(call: Callable[[], None]) -> float:
    """Seconds of the fastest of a few calls."""
    best = math.inf
    for each in range(_WARM + _TIMED):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began) if each >= _WARM else best
    return best
