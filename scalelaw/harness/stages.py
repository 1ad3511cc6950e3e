"""Two-stage training as the ParScale paper does it, and what to compare it with."""

from __future__ import annotations

import math
from dataclasses import replace

from scalelaw.cost.training import Trained
from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Cell, Streams


def two_stage(cell: Cell, *, share: float = 0.1, trained: Trained = "all") -> Cell:
    """Stage two of training a cell in two stages; its ``start`` is stage one.

    Stage one is ordinary training, one stream at a constant rate, on (1 - share) of the tokens. Stage two goes on from
    its weights with the cell's streams put on, on the rest of the tokens, the rate annealed linearly to the recipe's
    final share. Both together see the tokens that the cell sees in one stage, in the same order: the cell itself is the
    comparison at equal tokens, and :func:`equal_flops` the one at equal compute. Cells that differ in P alone share
    stage one.

    Parameters
    ----------
    cell : Cell
        What is to be trained, as one stage.
    share : float
        Of the tokens, for stage two; 0.02 in the paper, whose runs are far longer.
    trained : {"all", "streams"}
        What stage two trains; the paper leaves open which it did.

    Raises
    ------
    HarnessError
        If the share is not between 0 and 1, or leaves a stage without a step.

    Source
    ------
    arXiv 2505.10475, section on two-stage training.
    """
    if not 0 < share < 1:
        raise HarnessError(f"the share of stage two is {share}; it must lie between 0 and 1")
    second = round(cell.steps * share)
    first = cell.steps - second
    if not (first and second):
        raise HarnessError(f"a share of {share} leaves a stage of {cell.steps} steps empty; train on more tokens")
    size = cell.recipe.tokens_a_step
    start = replace(
        cell,
        shape=replace(cell.shape, prefix_at_one=False),
        streams=Streams(),
        recipe=replace(cell.recipe, schedule="constant", prefix_rate=1.0, warmup=_warmup(cell, first)),
        tokens=first * size,
    )
    recipe = replace(cell.recipe, schedule="wsd", warmup=0.0, decay=1.0)
    return replace(cell, recipe=recipe, tokens=second * size, trained=trained, start=start)


def equal_flops(cell: Cell, C: float) -> Cell:
    """The cell, trained on as many tokens as take C training FLOPs, to the nearest step.

    Raises
    ------
    HarnessError
        If C is not a positive number, is less than a step, or the cell goes on from another.
    """
    if cell.start is not None:
        raise HarnessError("only a cell that begins at its first step can be given other tokens")
    if not cell.step_C <= C < math.inf:
        raise HarnessError(f"C is {C:g} FLOPs, and one step of cell {cell.name} takes {cell.step_C:.3g}; give it more")
    return replace(cell, tokens=round(C / cell.step_C) * cell.recipe.tokens_a_step)


def _warmup(cell: Cell, steps: int) -> float:
    """The warm-up of the whole, as a share of stage one."""
    return min(cell.recipe.warmup * cell.steps / steps, 1.0)
