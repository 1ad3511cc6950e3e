"""Which tokens each step sees: depends on the seed and the step, and never on P."""

from __future__ import annotations

import numpy as np

from scalelaw.errors import HarnessError


def batch(tokens: np.ndarray, *, step: int, batch: int, context: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of one step, each int64 of shape (batch, context).

    The tokens are cut into windows of ``context``, from an offset that is drawn anew for each pass; a pass goes through
    all of them once in a random order. Step i of a seed is always the same, however the run came there.

    Parameters
    ----------
    tokens : integer array of shape (n,)
        The training tokens.
    step : int
        Steps taken before this one.
    """
    windows = windows_a_pass(len(tokens), context)
    first = step * batch
    rows = [_start(row, windows, context, seed) for row in range(first, first + batch)]
    taken = np.stack([tokens[start : start + context + 1] for start in rows]).astype(np.int64)
    return taken[:, :-1], taken[:, 1:]


def windows_a_pass(tokens: int, context: int) -> int:
    """Windows of ``context`` tokens and the one after, whatever the offset."""
    return (tokens - context) // context


def check_enough(tokens: int, *, steps: int, batch: int, context: int, repeat: bool, corpus: str) -> None:
    """Refuse a corpus that is shorter than a run, unless it may be repeated.

    Raises
    ------
    HarnessError
        If the corpus holds fewer windows than the run takes, or not even one.
    """
    windows = windows_a_pass(tokens, context)
    if windows < 1:
        raise HarnessError(f"corpus {corpus} has {tokens:,} training tokens, less than two contexts of {context}")
    if steps * batch > windows and not repeat:
        raise HarnessError(
            f"corpus {corpus} has {tokens:,} training tokens and the run takes {steps * batch * context:,}: train on "
            "fewer, or go through the corpus more than once with --repeat"
        )


def _start(row: int, windows: int, context: int, seed: int) -> int:
    """Where the window of a row begins."""
    passed, position = divmod(row, windows)
    order, offset = _pass(passed, windows, context, seed)
    return int(order[position]) * context + offset


def _pass(number: int, windows: int, context: int, seed: int) -> tuple[np.ndarray, int]:
    key = (number, windows, context, seed)
    if key not in _PASSES:
        rng = np.random.default_rng([seed, number])
        offset = int(rng.integers(context))
        _PASSES.clear()  # one pass at a time is in use
        _PASSES[key] = rng.permutation(windows), offset
    return _PASSES[key]


_PASSES: dict[tuple[int, int, int, int], tuple[np.ndarray, int]] = {}
