"""What the steps of one call are fed: tokens, rates and gates of the prefix, step by step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scalelaw.harness.batches import batch
from scalelaw.harness.cell import Cell
from scalelaw.harness.schedule import gate_share, rate_share

CALL = 32  # steps of one call at most: there is room for so many in every call, or each number would be compiled anew


class Feed(NamedTuple):
    """Of each step of a call: tokens (CALL, B, S + 1), and learning rates and gates of the prefix, each (CALL,)."""

    tokens: Any
    rates: Any
    gates: Any


def feed(cell: Cell, tokens: np.ndarray, step: int, count: int) -> Feed:
    """The next ``count`` steps of a cell after ``step`` of its own; the places after them are zero."""
    recipe = cell.recipe
    fed = nothing(cell, tokens.dtype)
    for i in range(count):
        first, size = cell.first_step + step + i, {"batch": recipe.batch, "context": recipe.context}
        inputs, targets = batch(tokens, step=first, seed=cell.seed, **size)
        fed.tokens[i, :, :-1], fed.tokens[i, :, -1] = inputs, targets[:, -1]
        fed.rates[i] = recipe.rate * rate_share(step + i, cell.steps, recipe)
        fed.gates[i] = gate(cell, step + i)
    return fed


def nothing(cell: Cell, dtype: np.dtype[Any]) -> Feed:
    """For a cell that only goes along: the rate is zero."""
    size = (CALL, cell.recipe.batch, cell.recipe.context + 1)
    return Feed(np.zeros(size, dtype), np.zeros(CALL, np.float32), np.ones(CALL, np.float32))


def gate(cell: Cell, step: int) -> float:
    """How much of the prefix a step of a cell sees."""
    return gate_share(step, cell.steps, cell.recipe) if cell.streams.near_identity else 1.0
