"""Held-out loss of weights in JAX, on the same windows and summed up in the same way as PyTorch's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import jax
import numpy as np

from scalelaw.cost import Shape
from scalelaw.harness.cell import Streams
from scalelaw.harness.evaluating import HeldOut, summarise, window_starts
from scalelaw.harness.jax.model import Weights, token_losses

if TYPE_CHECKING:
    from scalelaw.harness.corpus import Corpus

# token losses, compiled
losses_of = partial(jax.jit, static_argnames=("shape", "streams"))(token_losses)


def evaluate(
    weights: Weights,
    corpus: Corpus,
    shape: Shape,
    streams: Streams,
    *,
    context: int,
    batch: int = 32,
    windows: int | None = None,
) -> HeldOut:
    """Loss on the held-out tokens, as :func:`scalelaw.harness.evaluate` gives it for a PyTorch model.

    Parameters
    ----------
    context : int
        Tokens a window.
    windows : int, optional
        Take only so many windows, spread evenly.
    """
    tokens = corpus.held_out
    starts = window_starts(len(tokens), context, windows)
    size = min(batch, len(starts))
    losses = np.concatenate(
        [
            _losses(weights, tokens, starts[i : i + size], size, shape, streams, context)
            for i in range(0, len(starts), size)
        ]
    )
    return summarise(losses, starts, context, corpus)


def _losses(
    weights: Weights, tokens: np.ndarray, starts: np.ndarray, size: int, shape: Shape, streams: Streams, context: int
) -> np.ndarray:
    """Losses of the tokens of some windows; a last batch that is short is filled up, or it would be compiled anew."""
    filled = np.resize(starts, size)
    taken = np.stack([tokens[start : start + context + 1] for start in filled]).astype(np.int32)
    losses = losses_of(weights, taken[:, :-1], taken[:, 1:], shape=shape, streams=streams)
    return np.asarray(losses, dtype=np.float64)[: len(starts)].ravel()
