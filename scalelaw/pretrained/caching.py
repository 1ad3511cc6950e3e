"""A cache that takes a token without being copied.

Transformers' own makes new tensors of all keys and values in every layer for every token. With P streams that is P
times as much, while the weights are read once as ever, so that it is what holds decoding back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer

LEAST, SHARE = 16, 16
"""Room is made for so many tokens at least, and for one in so many of those that are there."""


class RoomyLayer(DynamicLayer):
    """Keys and values of a layer with room behind them."""

    _layer_type = None  # transformers enters layers that have one in its own table
    keys: Any
    values: Any
    key_room: Tensor | None = None
    value_room: Tensor | None = None

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """As in transformers; what is written over is written in place where no gradient asks for it."""
        if torch.is_grad_enabled() or torch.compiler.is_compiling():
            self.key_room = self.value_room = None
            made: tuple[Tensor, Tensor] = super().update(key_states, value_states, *args, **kwargs)
            return made
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.keys, self.key_room = appended(self.keys, self.key_room, key_states)
        self.values, self.value_room = appended(self.values, self.value_room, value_states)
        return self.keys, self.values

    def reset(self) -> None:
        """As in transformers."""
        self.key_room = self.value_room = None
        super().reset()


def make_room(cache: Any) -> None:
    """Let a cache of transformers' plain kind, empty or not, take tokens without being copied."""
    if type(cache) is not DynamicCache or cache.offloading or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return
    for layer in cache.layers:
        if type(layer) is DynamicLayer:
            layer.__class__ = RoomyLayer
    if cache.layer_class_to_replicate is DynamicLayer:
        cache.layer_class_to_replicate = RoomyLayer


def appended(held: Tensor, room: Tensor | None, new: Tensor) -> tuple[Tensor, Tensor]:
    """What was held (B, K, S, D) and what is new (B, K, n, D), as the beginning of a room, and the room."""
    S, n = (held.shape[-2] if held.numel() else 0), new.shape[-2]
    if room is None or not _fits(held, room, new, S + n):
        size = S + n + max(LEAST, (S + n) // SHARE)
        room = new.new_empty(*new.shape[:-2], size, new.shape[-1])
        if S:
            room[..., :S, :] = held
    room[..., S : S + n, :] = new
    return room[..., : S + n, :], room


def _fits(held: Tensor, room: Tensor, new: Tensor, tokens: int) -> bool:
    """Whether what is held is still the beginning of the room, and not what a beam search or a crop made of it."""
    frozen = room.is_inference() and not torch.is_inference_mode_enabled()
    own = held.data_ptr() == room.data_ptr() and held.shape[:-2] == room.shape[:-2] and held.stride() == room.stride()
    return own and not frozen and tokens <= room.shape[-2] and new.dtype == room.dtype
