"""What keys and values a model makes of its own: the heads of every layer, and their means and deviations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.attention import ARGUMENT
from scalelaw.pretrained.prefixes import Heads

SEQUENCES, LENGTH = 64, 16  # of made-up text, where none is given


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of each head's channels, (K, D)."""

    mean: Tensor
    deviation: Tensor


class Probe:
    """Comes down to attention in the place of prefixes, changes nothing, and notes what passes."""

    def __init__(self) -> None:
        self.heads: dict[int, Heads] = {}
        self.spreads: dict[int, tuple[Spread, Spread]] = {}
        self.modules: dict[int, nn.Module] = {}

    def join(
        self, module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, additive: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """The last token's keys and values of every sequence, and all as it came."""
        self.heads[module.layer_idx] = Heads(key.shape[1], key.shape[3], value.shape[3])
        self.spreads[module.layer_idx] = (_spread(key[:, :, -1]), _spread(value[:, :, -1]))
        self.modules[module.layer_idx] = module
        return key, value, mask

    def attend(
        self, module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, scale: float
    ) -> Tensor | None:
        """Nothing: all is to pass through :meth:`join`."""
        return None


def _spread(x: Tensor) -> Spread:
    x = x.detach().float().cpu()
    return Spread(x.mean(0), x.std(0) if len(x) > 1 else torch.zeros_like(x[0]))


@torch.no_grad()
def probe(decoder: Any, tokens: Tensor) -> Probe:
    """One pass over tokens (B, S), noting the keys and values of each sequence's last.

    Positions end at 0 where the model rotates keys, which leaves the pass as it is, since only their differences
    count there, and gives the last key as it is before it is rotated: prefixes are not rotated.
    """
    note = Probe()
    training = decoder.training
    decoder.eval()
    positions = None
    if hasattr(decoder, "rotary_emb") and tokens.shape[1] > 1:
        S = tokens.shape[1]
        positions = torch.arange(1 - S, 1, device=tokens.device).expand(len(tokens), S)
    try:
        decoder(input_ids=tokens, position_ids=positions, use_cache=False, **{ARGUMENT: note})
    finally:
        decoder.train(training)
    return note


def made_up(decoder: Any, seed: int) -> Tensor:
    """Tokens drawn evenly from the vocabulary, (64, 16)."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(decoder.config.vocab_size, (SEQUENCES, LENGTH), generator=generator)
    return tokens.to(next(decoder.parameters()).device)


def sample(tokenizer: Any, documents: Iterable[str]) -> Tensor:
    """Tokens of text to take statistics from, (64 or fewer, 16): beginnings of documents, and what comes after them.

    Raises
    ------
    PretrainedError
        If there is not one run of 16 tokens.
    """
    runs: list[list[int]] = []
    for text in documents:
        ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        runs += [ids[start : start + LENGTH] for start in range(0, len(ids) - LENGTH + 1, LENGTH)][: SEQUENCES // 8]
        if len(runs) >= SEQUENCES:
            break
    if not runs:
        raise PretrainedError(f"there is no text of {LENGTH} tokens to take statistics from; name a file with more")
    return torch.tensor(runs[:SEQUENCES])
