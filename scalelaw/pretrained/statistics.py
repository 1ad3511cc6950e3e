"""What keys and values a model makes: the heads of every layer, means and deviations, and those of a text."""

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
        if self.modules.setdefault(module.layer_idx, module) is not module:
            raise PretrainedError(f"two attentions of this model are both called layer {module.layer_idx}")
        return key, value, mask

    def attend(
        self, module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, scale: float
    ) -> Tensor | None:
        """Nothing: all is to pass through :meth:`join`."""
        return None


class Reader(Probe):
    """A probe that keeps the keys and values of every token."""

    def __init__(self) -> None:
        super().__init__()
        self.read: dict[int, tuple[Tensor, Tensor]] = {}

    def join(
        self, module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, additive: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """All as it came."""
        self.read[module.layer_idx] = (key.detach().clone(), value.detach().clone())
        return super().join(module, query, key, value, mask, additive=additive)


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
    _pass(decoder, tokens, note, last=0)
    return note


@torch.no_grad()
def read(decoder: Any, tokens: Tensor) -> dict[int, tuple[Tensor, Tensor]]:
    """Keys and values (P, K, T, D) that each layer makes of tokens (P, T) right before a text: it begins at position 0.

    A row at a time, so that the first are the same whatever P.
    """
    rows = []
    for row in tokens.split(1):
        note = Reader()
        _pass(decoder, row, note, last=-1)
        rows.append(note.read)
    return {
        layer: (torch.cat([each[layer][0] for each in rows]), torch.cat([each[layer][1] for each in rows]))
        for layer in rows[0]
    }


def _pass(decoder: Any, tokens: Tensor, note: Probe, *, last: int) -> None:
    """One pass, whose last token is at a position, where the model rotates keys."""
    training = decoder.training
    decoder.eval()
    positions = None
    if hasattr(decoder, "rotary_emb"):
        S = tokens.shape[1]
        positions = torch.arange(last + 1 - S, last + 1, device=tokens.device).expand(len(tokens), S)
    try:
        decoder(input_ids=tokens, position_ids=positions, use_cache=False, **{ARGUMENT: note})
    finally:
        decoder.train(training)


def made_up(decoder: Any, seed: int, sequences: int = SEQUENCES, length: int = LENGTH) -> Tensor:
    """Tokens drawn evenly from the vocabulary, (64, 16); the first rows are the same however many there are."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(decoder.config.vocab_size, (sequences, length), generator=generator)
    return tokens.to(next(decoder.parameters()).device)


def before(decoder: Any, tokens: Tensor | None, streams: int, slots: int, seed: int) -> Tensor:
    """Tokens (P, T) for each stream to begin with: runs of those given (B, S), or made-up ones where none are.

    Runs are the beginnings of the rows, then what comes after them; rows too short for one are put one after the other.

    Raises
    ------
    PretrainedError
        If there are fewer runs than streams.
    """
    if tokens is None:
        return made_up(decoder, seed, streams, slots)
    each = tokens.shape[1] // slots
    runs = tokens[:, : each * slots].unflatten(1, (each, slots)).transpose(0, 1).flatten(0, 1) if each else tokens
    if len(runs) < streams or not each:
        runs = tokens.flatten()[: tokens.numel() // slots * slots].view(-1, slots)
    if len(runs) < streams:
        raise PretrainedError(
            f"the sample has {tokens.numel()} tokens, and {streams} streams begin with {slots} each; give more text, "
            f"or begin at random"
        )
    return runs[:streams].to(next(decoder.parameters()).device, torch.long)


def sample(tokenizer: Any, documents: Iterable[str], length: int = LENGTH, *, least: int = 1) -> Tensor:
    """Tokens of text, (64 or fewer, or ``least``; length): the beginning of each document, then what comes after them.

    Documents are put one after the other where that makes ``least`` runs of so many tokens, and they alone do not.

    Raises
    ------
    PretrainedError
        If there is not one run of so many tokens.
    """
    wanted = max(SEQUENCES, least)
    runs: list[tuple[int, list[int]]] = []
    short: list[int] = []
    for text in documents:
        ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        starts = range(0, len(ids) - length + 1, length)[: SEQUENCES // 8]
        runs += [(start, ids[start : start + length]) for start in starts]
        short += ids if len(short) < wanted * length else []
        if len(runs) >= wanted or (not runs and len(short) >= wanted * length):
            break
    if len(runs) < least:
        runs = [(start, short[start : start + length]) for start in range(0, len(short) - length + 1, length)]
    if not runs:
        raise PretrainedError(f"there is no text of {length} tokens to begin with; name a file with more")
    in_turns = sorted(runs[:wanted], key=lambda each: each[0])  # streams begin with different documents
    return torch.tensor([ids for _, ids in in_turns])
