"""A batch whose rows ask for streams of their own: some for none, some for P, each with the prefix of its set.

Rows that ask for the same lie together, stream-major as ever, one group after the other; weights are read once for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalelaw.pretrained.attention import causal, to_add
from scalelaw.pretrained.prefixes import Prefixes
from scalelaw.pretrained.selection import Key

Filling = tuple[tuple[Key | None, tuple[int, ...]], ...]


class Group:
    """Rows of a batch that ask for the same streams, or for none."""

    def __init__(self, rows: Sequence[int], prefixes: Prefixes | None):
        self.rows, self.prefixes = list(rows), prefixes
        self.copies = 1 if prefixes is None else prefixes.copies

    def __len__(self) -> int:
        return self.copies * len(self.rows)

    @property
    def seen(self) -> Prefixes | None:
        """What is seen before the text, if anything is."""
        return None if self.prefixes is None or self.prefixes.silent else self.prefixes

    def own(self, module: nn.Module, slots: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of every row, (rows, K, slots, D), at the end of the slots; zeros where there are none."""
        if self.seen is None:
            k, v = (each.new_zeros(len(self), each.shape[1], slots, each.shape[3]) for each in (key, value))
        else:
            k, v = (self._of_rows(each.to(key.dtype), slots) for each in self.seen.layer(module))
        return k, v

    def _of_rows(self, own: Tensor, slots: int) -> Tensor:
        return F.pad(own, (0, 0, slots - own.shape[2], 0)).repeat_interleave(len(self.rows), dim=0)

    def visible(self, slots: int, device: torch.device) -> Tensor:
        """How much of each slot every row sees, from 0 to 1: (rows, 1, 1, slots)."""
        share = torch.zeros(slots, device=device)
        if self.seen is not None:
            own = self.seen.parts.settings.prefix_tokens
            share[slots - own :] = 1.0 if self.seen.gate is None else self.seen.gate
        return share.expand(len(self), 1, 1, -1)

    def gathered(self, hidden: Tensor) -> Tensor:
        """The weighted sum (B, S, W) of the group's rows."""
        return hidden if self.prefixes is None else self.prefixes.gathered(hidden)


class Mixed:
    """The prefixes of one call whose rows ask for streams of their own, as they come down to attention."""

    def __init__(self, groups: Sequence[Group]):
        self.groups = groups
        order = [row for each in groups for row in each.rows]
        self.back = sorted(range(len(order)), key=order.__getitem__)
        seen = [each.seen for each in groups if each.seen is not None]
        self.slots = max((each.parts.settings.prefix_tokens for each in seen), default=0)
        self.partly = any(each.gate is not None for each in seen)
        self._share: Tensor | None = None

    @property
    def filling(self) -> Filling:
        """What a cache is filled by: key and rows of every group, in their order."""
        return tuple((None if each.seen is None else each.seen.key, tuple(each.rows)) for each in self.groups)

    def spread(self, value: Any) -> Any:
        """As many copies of each row as it has streams; what is one for all stays so."""
        if isinstance(value, dict):
            return {name: self.spread(each) for name, each in value.items()}
        if not isinstance(value, Tensor) or len(value) != len(self.back):
            return value
        return value[[row for each in self.groups for row in each.rows * each.copies]]

    def gathered(self, hidden: Tensor) -> Tensor:
        """The weighted sum of each row's streams, (B, S, W), in the order of the batch."""
        parts = hidden.split([len(each) for each in self.groups])
        mixed = [each.gathered(part) for each, part in zip(self.groups, parts, strict=True)]
        return torch.cat(mixed)[self.back]

    def count_pass(self) -> None:
        """A training pass is over, one for each set however many groups take streams of it."""
        by_set = {each.prefixes.parts: each.prefixes for each in self.groups if each.prefixes is not None}
        for prefixes in by_set.values():
            prefixes.count_pass()

    def join(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, additive: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Every row's prefix before its keys and values, and a mask that hides the slots it has not."""
        if not self.slots:
            return key, value, mask
        queries = query.shape[2]
        if mask is None and queries > 1:  # see Prefixes.join
            key, value, mask = key[:, :, :queries], value[:, :, :queries], causal(queries, query.device)
        elif mask is None:
            mask = torch.ones(1, 1, 1, key.shape[2], dtype=torch.bool, device=key.device)
        parts = [each.own(module, self.slots, key, value) for each in self.groups]
        k, v = (torch.cat(each) for each in zip(*parts, strict=True))
        mask = self._widened(mask, query.dtype, additive=additive)
        return torch.cat((k, key), dim=2), torch.cat((v, value), dim=2), mask

    def _widened(self, mask: Tensor, dtype: torch.dtype, *, additive: bool) -> Tensor:
        if self._share is None:
            self._share = torch.cat([each.visible(self.slots, mask.device) for each in self.groups])
        share = self._share
        if additive or self.partly or mask.dtype != torch.bool:
            share, mask = share.log().clamp(min=torch.finfo(dtype).min).to(dtype), to_add(mask, dtype)
        else:
            share = share == 1
        R, Q = len(share), mask.shape[2]
        return torch.cat((share.expand(R, 1, Q, -1), mask.expand(R, -1, -1, -1)), dim=-1)

    def attend(self, *_: Any, **__: Any) -> None:
        """Nothing: rows that see different slots are joined."""


def reordered(filling: Key | Filling, beams: Tensor) -> Tensor:
    """Rows of a cache which go on where ``beams`` (B) of the batch do that filled it."""
    whole = tuple(range(len(beams)))
    groups: Any = ((filling, whole),) if isinstance(filling[0], str) else filling
    kept: list[Tensor] = []
    first = 0
    for key, rows in groups:
        P = 1 if key is None else len(key[1])
        place = torch.zeros(len(beams), dtype=torch.long, device=beams.device)
        place[list(rows)] = torch.arange(len(rows), device=beams.device)
        own = place[beams[list(rows)].long()]  # a beam goes on from one of its own request
        kept += [first + p * len(rows) + own for p in range(P)]
        first += P * len(rows)
    return torch.cat(kept)
