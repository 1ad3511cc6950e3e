"""A model going on with a text, by itself or guided by what it says with less of the text before it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from scalelaw.errors import HarnessError

if TYPE_CHECKING:
    from scalelaw.harness.model import Model


def guided(logits: Tensor, weak: Tensor, guidance: float) -> Tensor:
    """log p_weak + g (log p - log p_weak) of two sets of logits (..., vocabulary); not normalised.

    Source: classifier-free guidance of language models, arXiv 2306.17806.
    """
    weak = weak.float().log_softmax(-1)
    return weak + guidance * (logits.float().log_softmax(-1) - weak)


@torch.no_grad()
def generate(
    model: Model, tokens: Tensor, count: int, *, guidance: float | None = None, temperature: float = 0.0, seed: int = 0
) -> Tensor:
    """``tokens`` (B, S) and ``count`` more after them, the likeliest or, with a temperature, drawn.

    With ``guidance`` the second pass sees from the last token of the prompt on (arXiv 2306.17806). Every token takes a
    full pass over those before it: these models are small.

    Raises
    ------
    HarnessError
        If there is no token to go on from, one is none of the vocabulary, the temperature is negative, or ``guidance``
        is no finite number.
    """
    if tokens.ndim != 2:
        raise HarnessError(f"the prompt has {tokens.ndim} dimensions; it is a batch, (B, S): take tokens[None] for one")
    prompt = tokens.shape[1]
    if not prompt:
        raise HarnessError("the prompt is empty, and a model goes on from a token; give one, such as a newline")
    if int(tokens.min()) < 0 or int(tokens.max()) >= model.shape.vocabulary:
        raise HarnessError(f"the prompt has a token outside of the vocabulary, 0 to {model.shape.vocabulary - 1}")
    if guidance is not None and not math.isfinite(guidance):
        raise HarnessError(f"guidance is {guidance}; it must be a finite number")
    if not temperature >= 0:
        raise HarnessError(f"temperature is {temperature}; it must not be negative, and 0 takes the likeliest token")
    generator = torch.Generator(tokens.device).manual_seed(seed)
    for _ in range(count):
        logits = model(tokens)[:, -1]
        if guidance is None:
            scores = logits.float().log_softmax(-1)
        else:
            scores = guided(logits, model(tokens[:, prompt - 1 :])[:, -1], guidance)
        if temperature > 0:
            following = torch.multinomial((scores / temperature).softmax(-1), 1, generator=generator)
        else:
            following = scores.argmax(-1, keepdim=True)
        tokens = torch.cat((tokens, following), dim=1)
    return tokens
