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
from scalelaw.harness.jax.places import Place

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
    place: Place | None = None,
) -> HeldOut:
    """Loss on the held-out tokens, as :func:`scalelaw.harness.evaluate` gives it for a PyTorch model.

    Parameters
    ----------
    context : int
        Tokens a window.
    batch : int
        Windows at once, on all devices.
    windows : int, optional
        Take only so many windows, spread evenly.
    place : Place, optional
        Devices that share the windows; where the weights are by default.
    """
    tokens = corpus.held_out
    starts = window_starts(len(tokens), context, windows)
    size = min(batch, len(starts))

    def losses(some: np.ndarray) -> np.ndarray:
        taken = _windows(tokens, some, size, context)
        inputs, targets = (each if place is None else place.spread(each, axis=0) for each in taken)
        each = losses_of(weights, inputs, targets, shape=shape, streams=streams)
        return np.asarray(each, dtype=np.float64)[: len(some)].ravel()

    every = np.concatenate([losses(starts[i : i + size]) for i in range(0, len(starts), size)])
    return summarise(every, starts, context, corpus)


def _windows(tokens: np.ndarray, starts: np.ndarray, size: int, context: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets; a last batch that is short is filled up, or it would be compiled anew."""
    taken = np.stack([tokens[start : start + context + 1] for start in np.resize(starts, size)]).astype(np.int32)
    return taken[:, :-1], taken[:, 1:]
