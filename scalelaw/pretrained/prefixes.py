"""Prefixes: keys and values of each stream's own, as parameters or as what a small MLP makes.

Sizes: P streams, B batch, K kv heads, T prefix slots, S tokens seen, Q queries, D head size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalelaw.pretrained.aggregator import Aggregator
from scalelaw.pretrained.attention import causal, to_add
from scalelaw.pretrained.decoding import attend
from scalelaw.pretrained.selection import Key
from scalelaw.pretrained.settings import Settings

TABLE, HIDDEN = 128, 512  # widths of the MLP that makes prefixes


@dataclass(frozen=True)
class Heads:
    """Keys and values of one layer: kv heads, size of a key, size of a value."""

    count: int
    key: int
    value: int

    def sizes(self, streams: int, slots: int) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
        """Shapes of the layer's prefix: keys and values."""
        return (streams, self.count, slots, self.key), (streams, self.count, slots, self.value)


class Maker(nn.Module):
    """A two-layer tanh MLP that makes every layer's prefix from a learned table of P T rows.

    Each layer's part is made where it is needed, so that it can be made again when activations are checkpointed.
    """

    def __init__(self, settings: Settings, heads: Mapping[int, Heads]):
        super().__init__()
        self.heads = dict(heads)
        self.table = nn.Parameter(torch.empty(settings.streams, settings.prefix_tokens, TABLE))
        self.inner = nn.Linear(TABLE, HIDDEN)
        self.outer = nn.Linear(HIDDEN, sum(each.count * (each.key + each.value) for each in heads.values()))

    def rows(self, layer: int) -> tuple[slice, slice]:
        """Rows of the last layer that make the keys and the values of a layer."""
        ends = [0, *accumulate(each.count * (each.key + each.value) for each in self.heads.values())]
        start, own = ends[list(self.heads).index(layer)], self.heads[layer]
        middle = start + own.count * own.key
        return slice(start, middle), slice(middle, middle + own.count * own.value)

    def forward(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys (P, K, T, D) and values of a layer."""
        hidden = torch.tanh(self.inner(self.table))
        k, v = (
            F.linear(hidden, self.outer.weight[rows], self.outer.bias[rows])
            .unflatten(-1, (self.heads[layer].count, -1))
            .transpose(1, 2)
            for rows in self.rows(layer)
        )
        return k, v


class Parts(Protocol):
    """The parts of one set of streams, wherever they lie."""

    settings: Settings

    @property
    def aggregator(self) -> Aggregator: ...

    @property
    def passes(self) -> Tensor | None: ...

    def layer(self, module: nn.Module) -> tuple[Tensor, Tensor]: ...


class Prefixes:
    """The prefixes of one call, as they come down to attention.

    Attributes
    ----------
    silent : bool
        Whether nothing of them is seen yet: all streams are then the model without, and one runs for all of them,
        which is exact where P copies would differ by rounding.
    """

    def __init__(self, parts: Parts, key: Key):
        self.parts, self.key = parts, key
        self.kept: Sequence[int] = key[1]
        self.gate = gate_of(parts)  # of this call: a layer that is computed again sees what it saw
        self.silent = False
        if self.gate is not None and not torch.compiler.is_compiling():  # which cannot branch on a number it computes
            opened = float(self.gate)
            self.silent = opened == 0
            self.gate = None if opened == 1 else self.gate
        self._causal: Tensor | None = None

    @property
    def filling(self) -> Key | None:
        """What a cache is filled by: silent streams leave what the model without streams does."""
        return None if self.silent else self.key

    @property
    def copies(self) -> int:
        """How many copies of the batch run."""
        return 1 if self.silent else len(self.kept)

    def spread(self, value: Any) -> Any:
        """Copies of a batch, one stream after the other."""
        return over_streams(value, self.copies)

    def gathered(self, hidden: Tensor) -> Tensor:
        """The weighted sum (B, S, W) of the streams' hidden states (P B, S, W)."""
        streams = hidden.unflatten(0, (self.copies, -1)).expand(len(self.kept), -1, -1, -1)
        return self.parts.aggregator(streams, self.kept)

    def count_pass(self) -> None:
        """A training pass is over, and the prefix has faded in by as much."""
        if self.parts.passes is not None:
            self.parts.passes.add_(1)

    def layer(self, module: nn.Module) -> tuple[Tensor, Tensor]:
        """Keys and values of the streams that are kept, (P, K, T, D)."""
        k, v = (self._kept(each) for each in self.parts.layer(module))
        return k, v

    def join(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, additive: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Prefixes before keys and values; a mask lets every query see them."""
        if self.silent:
            return key, self._touched(module, value), mask
        k, v = self.layer(module)
        queries = query.shape[2]
        if mask is None and queries > 1:
            # transformers leaves the mask of a first pass to its kernel, and a static cache has an unused end
            key, value, mask = key[:, :, :queries], value[:, :, :queries], self._past(queries, query.device)
        mask = self._widened(mask, k.shape[2], key, query.dtype, additive=additive)
        return _before(k, key), _before(v, value), mask

    def attend(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, scale: float
    ) -> Tensor | None:
        """Attention of one query a row over prefix and text where they lie."""
        if self.silent:
            return None
        return attend(query, key, value, mask, self.layer(module), self.gate, scale)

    def _touched(self, module: nn.Module, value: Tensor) -> Tensor:
        """The values as they are, with gradients of zero for the prefix: processes that share a step expect some."""
        if not torch.is_grad_enabled():
            return value
        k, v = self.parts.layer(module)
        return value + 0 * (k.flatten()[0] + v.flatten()[0])

    def _kept(self, own: Tensor) -> Tensor:
        return own if len(self.kept) == own.shape[0] and list(self.kept) == sorted(self.kept) else own[list(self.kept)]

    def _past(self, queries: int, device: torch.device) -> Tensor:
        if self._causal is None or self._causal.device != device:
            self._causal = causal(queries, device)
        return self._causal

    def _widened(
        self, mask: Tensor | None, slots: int, key: Tensor, dtype: torch.dtype, *, additive: bool
    ) -> Tensor | None:
        gate = self.gate
        if gate is None:
            if mask is None:
                return None
            mask = to_add(mask, dtype) if additive else mask
            return F.pad(mask, (slots, 0), value=mask.dtype == torch.bool)
        if mask is None:
            mask = key.new_ones((1, 1, 1, key.shape[2]), dtype=torch.bool)
        mask = to_add(mask, dtype)
        # a slot's weight in attention is multiplied by the gate, its score therefore raised by log(gate)
        return torch.cat((gate.log().to(dtype).expand(*mask.shape[:-1], slots), mask), dim=-1)


def gate_of(parts: Parts) -> Tensor | None:
    """How much of the prefix is seen, from 0 to 1; None where nothing fades in."""
    if parts.passes is None:
        return None
    return (parts.passes / parts.settings.fade).clamp(max=1.0)


def over_streams(value: Any, P: int) -> Any:
    """P copies of a batch, one stream after the other; what is one for all stays so."""
    if isinstance(value, Mapping):
        return {name: over_streams(each, P) for name, each in value.items()}
    if P == 1 or not isinstance(value, Tensor) or (value.shape[0] == 1 and value.dim() == 4):
        return value
    return value.repeat(P, *[1] * (value.dim() - 1))


def _before(own: Tensor, text: Tensor) -> Tensor:
    """Each stream's own (P, K, T, D) before the text of all (P B, K, S, D)."""
    P = own.shape[0]
    text = text.unflatten(0, (P, -1))
    own = own.to(text.dtype)[:, None].expand(-1, text.shape[1], -1, -1, -1)
    return torch.cat((own, text), dim=3).flatten(0, 1)


def parameters_of(settings: Settings, heads: Heads, like: Tensor) -> tuple[nn.Parameter, nn.Parameter]:
    """Unset keys and values of one layer."""
    k, v = (
        nn.Parameter(torch.empty(size, dtype=settings.kept_in(like.dtype), device=like.device))
        for size in heads.sizes(settings.streams, settings.prefix_tokens)
    )
    return k, v


def passes_of(settings: Settings, device: Any) -> Tensor | None:
    """The count of training passes that the gate follows, where there is one: whole numbers, which no cast blunts."""
    return torch.zeros((), dtype=torch.long, device=device) if settings.fade else None
