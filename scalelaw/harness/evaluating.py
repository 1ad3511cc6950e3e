"""Held-out loss, with the standard error that its documents give it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from scalelaw.errors import HarnessError
from scalelaw.harness.devices import precision
from scalelaw.harness.model import Model
from scalelaw.harness.parallel import Alone

if TYPE_CHECKING:
    from scalelaw.harness.corpus import Corpus


@dataclass(frozen=True)
class HeldOut:
    """A loss on held-out text: nats per token, its standard error, bits per byte, and the tokens predicted."""

    loss: float
    loss_se: float
    bpb: float
    tokens: int


@torch.no_grad()
def evaluate(
    model: Model,
    corpus: Corpus,
    *,
    context: int,
    batch: int = 32,
    windows: int | None = None,
    guidance: float | None = None,
    processes: Alone | None = None,
) -> HeldOut:
    """Loss on the held-out tokens, each predicted once from those before it in its window.

        loss    = sum of all tokens' losses / tokens
        loss_se = sqrt(d / (d - 1) sum over documents (S_i - loss n_i)^2) / tokens
        bpb     = loss / (ln 2 * bytes a token)

    The error treats documents as what was sampled (a ratio estimator): tokens of one document are not independent.
    NaN with fewer than two documents. Bytes a token are those of all held-out text by all its tokens, ends of documents
    included; ``bpb`` of some ``windows`` only, as in a learning curve, is therefore an estimate, as their own text may
    have more or fewer.

    Parameters
    ----------
    context : int
        Tokens a window.
    batch : int
        Windows at once, which is what the memory grows with; the loss depends on it to rounding only.
    windows : int, optional
        Take only so many windows, spread evenly: a cheaper estimate for learning curves.
    guidance : float, optional
        As for :meth:`Model.forward`: each position sees one token in the second pass.
    processes : optional
        Those that share the work; all of them are given the result.

    Raises
    ------
    HarnessError
        If the held-out text is shorter than a window, or ``guidance`` is no finite number.
    """
    tokens = corpus.held_out
    starts = window_starts(len(tokens), context, windows)
    training = model.training
    model.eval()
    chunks = [starts[i : i + batch] for i in range(0, len(starts), batch)]
    losses = (processes or Alone()).share(chunks, lambda chunk: _losses(model, tokens, chunk, context, guidance))
    model.train(training)
    return summarise(np.concatenate(losses), starts, context, corpus)


def window_starts(tokens: int, context: int, windows: int | None) -> np.ndarray:
    """Where the windows begin that tile the held-out tokens: all of them, or so many, spread evenly.

    Raises
    ------
    HarnessError
        If there is none.
    """
    starts = np.arange(0, tokens - context, context)
    if not len(starts):
        raise HarnessError(
            f"the {tokens:,} held-out tokens hold no window of {context} and the token after it; take a shorter "
            "context, or hold out more"
        )
    if windows is None or windows >= len(starts):
        return starts
    return starts[np.linspace(0, len(starts) - 1, windows).round().astype(int)]


def _losses(model: Model, tokens: np.ndarray, starts: np.ndarray, context: int, guidance: float | None) -> np.ndarray:
    taken = torch.from_numpy(np.stack([tokens[start : start + context + 1] for start in starts]).astype(np.int64))
    device = model.embedding.weight.device
    taken = taken.to(device)
    with precision(device):
        logits = model(taken[:, :-1], guidance=guidance)
    losses = F.cross_entropy(logits.flatten(0, 1).float(), taken[:, 1:].flatten(), reduction="none")
    return losses.cpu().double().numpy()  # in this order: Apple's GPUs have no fp64


def summarise(losses: np.ndarray, starts: np.ndarray, context: int, corpus: Corpus) -> HeldOut:
    """Sum up the losses of the tokens after the first of each window, window by window."""
    positions = starts[:, None] + 1 + np.arange(context)
    documents = np.searchsorted(corpus.held_out_starts, positions.ravel(), side="right") - 1
    sizes = np.bincount(documents)
    sums = np.bincount(documents, losses)
    loss = float(losses.sum() / len(losses))
    present = sizes > 0
    se = ratio_error(sums[present], sizes[present], loss)
    bytes_a_token = corpus.held_out_bytes / len(corpus.held_out)
    return HeldOut(loss, se, loss / math.log(2) / bytes_a_token, len(losses))


def ratio_error(sums: np.ndarray, sizes: np.ndarray, ratio: float) -> float:
    """Standard error of ``ratio`` = sum(sums) / sum(sizes) where documents are what was drawn.

    sqrt(d / (d - 1) sum over documents (S_i - ratio n_i)^2) / sum(sizes),  NaN with fewer than two documents
    """
    d = len(sums)
    if d < 2:
        return math.nan
    deviation = float(np.sum((sums - ratio * sizes) ** 2))
    return math.sqrt(d / (d - 1) * deviation) / int(sizes.sum())
