"""How long the cells of a sweep will take, from a few steps of a few of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TextIO

from scalelaw.harness.cell import Cell
from scalelaw.harness.sweep.timing import Pace


def seconds(
    cells: Iterable[Cell],
    *,
    pace: Callable[[Cell], Pace],
    held_out: Callable[[Cell], int] | None = None,
    samples: int = 3,
    progress: TextIO | None = None,
) -> list[float]:
    """Estimated seconds that each cell takes, evaluations included.

    Cells of the smallest, the largest and middling steps are timed. Between them the rates of training and of
    evaluation in FLOPs per second are interpolated, as straight lines in the logarithms of rate and of FLOPs a step.
    The start of processes and checkpoints are left out, and so is what jobs take from one another.

    Parameters
    ----------
    cells : iterable of Cell
    pace : callable
        Seconds a step and a held-out token of a cell, such as :func:`~scalelaw.harness.sweep.timing.measured`.
    held_out : callable, optional
        Held-out tokens of a cell's corpus; asked of the corpus where not given.
    samples : int
        How many different cells to time.
    progress : text stream, optional
        Where to say that cells are being timed, which takes seconds.
    """
    cells = list(cells)
    chosen = _spread(cells, samples)
    if chosen and progress is not None:
        progress.write(f"timing {len(chosen)} cell{'s' if len(chosen) > 1 else ''} ...\n")
        progress.flush()
    paces = {size: (cell, pace(cell)) for size, cell in chosen.items()}
    training = {size: size / each.step for size, (_, each) in paces.items()}
    evaluation = {size: cell.held_out_C / max(each.token, 1e-12) for size, (cell, each) in paces.items()}
    return [
        cell.own_C / _interpolated(cell.step_C, training)
        + evaluated_tokens(cell, (held_out or tokens_held_out)(cell))
        * cell.held_out_C
        / _interpolated(cell.step_C, evaluation)
        for cell in cells
    ]


def in_all(each: Sequence[float], jobs: int) -> float:
    """Seconds until all are done on some jobs side by side: max(sum / jobs, the longest)."""
    return max(sum(each) / jobs, max(each, default=0.0))


def tokens_held_out(cell: Cell) -> int:
    """Held-out tokens of the corpus that a cell was planned with."""
    return _held_out(cell.corpus, cell.tokenizer, cell.corpus_hash, cell.held_out)


@cache
def _held_out(corpus: str, tokenizer: str, hash: str, asked: int | None) -> int:
    from scalelaw.harness import corpus as corpora

    return corpora.load(corpus, tokenizer=tokenizer, hash=hash, held_out=asked).card.held_out.tokens


def evaluated_tokens(cell: Cell, held_out: int) -> int:
    """Held-out tokens that training goes through: some at each point of the learning curve, all at the end."""
    from scalelaw.harness.running import CURVE_POINTS, curve_windows

    a_point = min(curve_windows(cell) * cell.recipe.context, held_out)
    return min(CURVE_POINTS, cell.steps) * a_point + held_out


def _spread(cells: Sequence[Cell], samples: int) -> dict[float, Cell]:
    """The cells to time, by FLOPs a step: evenly spread over the different sizes, both ends among them."""
    sizes = {cell.step_C: cell for cell in cells}
    ordered = sorted(sizes)
    chosen = {round(i * (len(ordered) - 1) / max(samples - 1, 1)) for i in range(samples)} if ordered else set()
    return {ordered[index]: sizes[ordered[index]] for index in chosen}


def _interpolated(size: float, rates: dict[float, float]) -> float:
    import numpy as np

    sizes = sorted(rates)
    return math.exp(np.interp(math.log(size), np.log(sizes), [math.log(rates[each]) for each in sizes]))
