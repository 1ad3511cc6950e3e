"""How long the cells of a sweep will take, from a few steps of a few of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from scalelaw.cost import forward_flops
from scalelaw.extras import need
from scalelaw.harness.cell import Cell

_WARM, _TIMED = 1, 3  # steps before the clock runs, and on it


def seconds(
    cells: Iterable[Cell],
    *,
    time_steps: Callable[[Cell], float] | None = None,
    evaluated: Callable[[Cell], int] | None = None,
    samples: int = 3,
    device: str = "auto",
) -> list[float]:
    """Estimated seconds that each cell takes, evaluations included.

    Cells of the smallest, the largest and middling steps are timed for some steps. Between them the rate in FLOPs per
    second is interpolated, as straight lines in the logarithms of rate and of FLOPs a step. The start of processes and
    checkpoints are left out, and so is what jobs take from one another.

    Parameters
    ----------
    cells : iterable of Cell
    time_steps : callable, optional
        Seconds a step of a cell; measured with a model of random weights on random tokens where not given.
    evaluated : callable, optional
        Held-out tokens that a cell goes through in all; those of :func:`~scalelaw.harness.train` where not given.
    samples : int
        How many different cells to time.
    device : str
        Where to measure.
    """
    cells = list(cells)
    measure = time_steps or (lambda cell: measured(cell, device=device))
    rates = {size: size / measure(cell) for size, cell in _spread(cells, samples).items()}
    held_out = evaluated or evaluated_tokens
    flops = [cell.own_C + held_out(cell) * _forward(cell) for cell in cells]
    return [each / _interpolated(_size(cell), rates) for each, cell in zip(flops, cells, strict=True)]


def in_all(each: Sequence[float], jobs: int) -> float:
    """Seconds until all are done on some jobs side by side: max(sum / jobs, the longest)."""
    return max(sum(each) / jobs, max(each, default=0.0))


def measured(cell: Cell, *, device: str = "auto") -> float:
    """Seconds a step of a cell takes on this machine, with one thread on a CPU as the jobs of a sweep have."""
    import time

    need("torch", extra="train", purpose="an estimate of the time")
    import torch

    from scalelaw.harness import devices
    from scalelaw.harness.model import Model
    from scalelaw.harness.optimiser import descend, optimiser

    chosen, threads = devices.choose(device), torch.get_num_threads()
    model = Model(cell.shape, cell.streams, seed=cell.seed).to(chosen)
    adamw = optimiser(model, cell.recipe, cell.trained)
    size = (cell.recipe.batch, cell.recipe.context)
    tokens = torch.randint(cell.shape.vocabulary, size, generator=torch.Generator().manual_seed(0)).to(chosen)
    best = math.inf
    torch.set_num_threads(1)
    try:
        for step in range(_WARM + _TIMED):
            began = time.perf_counter()
            with devices.precision(chosen):
                loss = model.loss(tokens, tokens)
            descend(loss, model, adamw, cell.recipe)
            loss.item()  # waits for the device
            best = min(best, time.perf_counter() - began) if step >= _WARM else best
    finally:
        torch.set_num_threads(threads)
    return best


def evaluated_tokens(cell: Cell) -> int:
    """Held-out tokens that training goes through: some at each point of the learning curve, all at the end."""
    from scalelaw.harness.corpus.preparing import HELD_OUT
    from scalelaw.harness.running import CURVE_POINTS, curve_windows

    return min(CURVE_POINTS, cell.steps) * curve_windows(cell) * cell.recipe.context + HELD_OUT


def _forward(cell: Cell) -> float:
    """FLOPs of the forward pass, a token."""
    return sum(forward_flops(cell.shape, cell.streams.count, context=cell.recipe.context).values())


def _size(cell: Cell) -> float:
    """FLOPs a step."""
    return cell.own_C / cell.steps


def _spread(cells: Sequence[Cell], samples: int) -> dict[float, Cell]:
    """The cells to time, by FLOPs a step: evenly spread over the different sizes, both ends among them."""
    sizes = {_size(cell): cell for cell in cells}
    ordered = sorted(sizes)
    chosen = {round(i * (len(ordered) - 1) / max(samples - 1, 1)) for i in range(samples)}
    return {ordered[index]: sizes[ordered[index]] for index in chosen}


def _interpolated(size: float, rates: dict[float, float]) -> float:
    import numpy as np

    sizes = sorted(rates)
    return math.exp(np.interp(math.log(size), np.log(sizes), [math.log(rates[each]) for each in sizes]))
