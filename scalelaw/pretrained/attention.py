"""Attention functions for transformers that put something before the keys and values of the text.

They are registered as implementations of attention, one for each of transformers' own that can carry a prefix. What is
put there comes down to them from the decoder as an argument of the call: nothing lies in the cache, and positions of
the text begin at 0. Without it they are transformers' own functions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, eager_mask, sdpa_mask

from scalelaw.errors import PretrainedError

ARGUMENT = "parscale_prefix"
"""Name of the argument that decoders hand down to attention."""

NAMES: Mapping[str, str] = {"sdpa": "parscale_sdpa", "eager": "parscale_eager"}
"""Implementation of attention that carries a prefix, by the one it stands on."""

_ABSENT = object()


class Carried(Protocol):
    """What comes down to attention: something that may add to keys, values and mask."""

    def join(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, additive: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Keys (B, K, T + S, D), values and mask (B or 1, 1, Q, T + S) in the place of those of the text."""
        ...

    def attend(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, scale: float
    ) -> Tensor | None:
        """Attention of one query a row, (B, 1, H, D), without joining; None where that is not to be had."""
        ...


def _sdpa(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **rest: Any) -> Any:
    carried = _carried(module, rest)
    if carried is not None:
        if _one_by_one(query, mask, rest):
            scale = rest.get("scaling") or query.shape[-1] ** -0.5
            seen = carried.attend(module, query, key, value, mask, scale=scale)
            if seen is not None:
                return seen, None
        key, value, mask = carried.join(module, query, key, value, mask, additive=False)
    return sdpa_attention_forward(module, query, key, value, mask, **rest)


def _eager(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **rest: Any) -> Any:
    carried = _carried(module, rest)
    if carried is not None:
        key, value, mask = carried.join(module, query, key, value, mask, additive=True)
    return _own_eager(module)(module, query, key, value, mask, **rest)


def _one_by_one(query: Tensor, mask: Tensor | None, rest: Mapping[str, Any]) -> bool:
    """Whether this is a token of a generation on a CPU, where what it costs is to copy keys and values.

    A GPU has kernels for it, and other types than these sums in a type of their own.
    """
    plain = query.device.type == "cpu" and query.dtype in (torch.float32, torch.float64)
    rare = rest.get("dropout") or any(rest.get(name) is not None for name in ("position_bias", "softcap", "cache"))
    by_head = mask is not None and mask.shape[1] > 1
    return plain and query.shape[2] == 1 and not torch.is_grad_enabled() and not rare and not by_head


def _carried(module: nn.Module, rest: dict[str, Any]) -> Carried | None:
    """What came down to attention, taken out of the other arguments."""
    carried: Any = rest.pop(ARGUMENT, _ABSENT)
    if carried is _ABSENT:
        raise PretrainedError(
            f"{type(module).__name__} is not handed the arguments of its decoder's call, so it cannot carry a prefix; "
            f"use a model whose decoder hands them down to attention"
        )
    found: Carried | None = carried
    return found


def _own_eager(module: nn.Module) -> Callable[..., Any]:
    """The plain attention of a model's own file: some cap scores, some have sinks."""
    for kind in type(module).__mro__:
        found = getattr(sys.modules.get(kind.__module__), "eager_attention_forward", None)
        if found is not None:
            return found
    raise PretrainedError(f"{type(module).__name__} has no plain attention function to stand on; load it with sdpa")


def causal(queries: int, device: torch.device) -> Tensor:
    """What each of ``queries`` sees of them, (1, 1, Q, Q)."""
    return torch.ones(queries, queries, dtype=torch.bool, device=device).tril()[None, None]


def to_add(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask as numbers to add to scores; the lowest is finite, since a row may hide everything."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)


AttentionInterface.register(NAMES["sdpa"], _sdpa)
AttentionInterface.register(NAMES["eager"], _eager)
AttentionMaskInterface.register(NAMES["sdpa"], sdpa_mask)
AttentionMaskInterface.register(NAMES["eager"], eager_mask)


def implementation(asked: str | None) -> str:
    """The implementation that carries a prefix and stands on the one asked for.

    Raises
    ------
    PretrainedError
        If it cannot carry one.
    """
    if asked in NAMES.values():
        return str(asked)
    if asked is None or asked not in NAMES:
        raise PretrainedError(
            f"streams need attention that can carry a prefix, {' or '.join(NAMES)}, and this is {asked}; "
            f"load the model with attn_implementation='sdpa'"
        )
    return NAMES[asked]
