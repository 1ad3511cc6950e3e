"""How fast this machine trains and evaluates a cell: a few steps of a model of random weights on random tokens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from scalelaw.extras import need
from scalelaw.harness.cell import Cell
from scalelaw.harness.engines.threads import inherited
from scalelaw.harness.sweep.pieces import piece_of, windows_of

_CALLS = 4  # the first of which is not counted where there are others
_ENOUGH = 1.0  # seconds, after which no other call is begun
_STEPS = 2  # of one call of JAX's, to count in what a call costs besides


@dataclass(frozen=True)
class Pace:
    """Seconds of one training step, and of one held-out token."""

    step: float
    token: float


def measured(
    cell: Cell, *, device: str = "auto", backend: str = "torch", compile: bool = False, together: int = 1
) -> Pace:
    """The pace of a cell on this machine, with one thread on a CPU as the jobs of a sweep have.

    A cell whose steps are long is timed on a piece of it, at as many operations a second. Of cells that JAX trains
    ``together`` it is each one's share.
    """
    need("torch", extra="train", purpose="an estimate of the time")
    on_cpu = _kind(device, backend) == "cpu"
    piece = piece_of(cell, on_cpu=on_cpu)
    windows = windows_of(piece, on_cpu=on_cpu)
    in_jax = backend == "jax"
    pace = _in_jax(piece, windows, device, together) if in_jax else _in_torch(piece, windows, device, compile)
    return Pace(pace.step * cell.step_C / piece.step_C, pace.token * cell.held_out_C / piece.held_out_C)


def _kind(device: str, backend: str) -> str:
    if backend == "jax":
        from scalelaw.harness.jax import places

        return places.choose(device).first.platform
    from scalelaw.harness import devices

    return devices.choose(device).type


def _in_torch(cell: Cell, at_once: int, device: str, compile: bool) -> Pace:
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
        for sequences in (cell.recipe.batch, at_once)
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
        return Pace(_best(step, compiled=compile), _best(evaluate) / windows.numel())
    finally:
        torch.set_num_threads(threads)


def _in_jax(cell: Cell, at_once: int, device: str, together: int) -> Pace:
    from scalelaw.harness.jax.rehearsing import Rehearsal

    with inherited(1):  # JAX counts its threads when it first looks for devices
        rehearsal = Rehearsal(cell, device=device, together=together)
    windows = rehearsal.tokens((at_once, cell.recipe.context))
    step = _best(lambda: rehearsal.step(_STEPS), compiled=True) / (_STEPS * together)
    return Pace(step, _best(lambda: rehearsal.evaluate(windows), compiled=True) / windows.size)


def _best(call: Callable[[], None], *, compiled: bool = False) -> float:
    """Seconds of the fastest of a few calls, or of one that took long enough; the first may be that of a compiler."""
    if compiled:
        call()
    best, began = math.inf, time.perf_counter()
    for each in range(_CALLS):
        start = time.perf_counter()
        call()
        now = time.perf_counter()
        best = now - start if each <= 1 else min(best, now - start)  # the first is slower: nothing is warm
        if now - began > _ENOUGH:
            break
    return best
