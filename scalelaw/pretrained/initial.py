"""How streams begin.

- ``text``: the keys and values that the model makes of a text, a run of tokens for each stream, which stands right
  before what is read: each stream begins as the model that has read something of its own
- ``near-identity``: the same, seen through a gate that opens over the first training passes: at step 0 the model is
  exactly the one without streams, whatever P, and it leaves it gradually
- ``statistics``: keys and values drawn with the mean and the standard deviation that the model's own have, layer by
  layer, head by head and channel by channel
- ``random``: keys and values normal with standard deviation ``scale``

The aggregator begins with equal weights, its last layer near zero. Each tensor, and each stream's part of one, has a
generator of its own, so that stream p begins alike whatever P.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from scalelaw.pretrained.aggregator import Aggregator
from scalelaw.pretrained.prefixes import Maker
from scalelaw.pretrained.statistics import Spread

Initial = Literal["near-identity", "text", "statistics", "random"]
OF_TEXT = ("near-identity", "text")
TANH = 0.39  # mean square of tanh of a standard normal


@torch.no_grad()
def initialise(
    decoder: Any,
    *,
    scale: float,
    seed: int,
    spreads: Mapping[int, tuple[Spread, Spread]] | None = None,
    read: Mapping[int, tuple[Tensor, Tensor]] | None = None,
) -> None:
    """Give the set in place its first values.

    ``spreads`` are means and deviations of each layer's keys and values, for ``statistics``; ``read`` are keys and
    values (P, K, T, D) of each layer, for what begins with a text. Without either they are drawn with deviation
    ``scale``.
    """
    from scalelaw.pretrained.decoder import attentions

    P = decoder.stream_settings.streams
    if decoder.stream_settings.prefix == "reparameterised":
        _draw_maker(decoder.prefix_maker, scale, seed, spreads=spreads)
        if read is not None:
            _fit_maker(decoder.prefix_maker, read)
    elif read is not None:
        for index, module in attentions(decoder).items():
            for tensor, value in zip((module.prefix_k, module.prefix_v), read[index], strict=True):
                tensor.copy_(value)
    else:
        for index, module in attentions(decoder).items():
            own = spreads[index] if spreads else (None, None)
            for kind, tensor, spread in zip("kv", (module.prefix_k, module.prefix_v), own, strict=True):
                for p in range(P):
                    _draw(tensor[p], seed, f"prefix.{index}.{p}.{kind}", scale, spread)
    _draw_aggregator(decoder.aggregate_layer, decoder.config.hidden_size, seed)


def unset(decoder: Any) -> None:
    """Draw what a checkpoint did not hold, or a new model begins with: at random, by the model's own deviation."""
    from scalelaw.pretrained.decoder import attentions

    if decoder.stream_settings.streams == 1 or decoder.stream_settings.prefix != "direct":
        modules: list[Any] = [decoder.prefix_maker] if hasattr(decoder, "prefix_maker") else []
    else:
        modules = list(attentions(decoder).values())
    deviation = getattr(decoder.config, "initializer_range", 0.02)
    for module in modules:
        for name in ("prefix_k", "prefix_v", "table"):
            tensor = getattr(module, name, None)
            if tensor is not None and not getattr(tensor, "_is_hf_initialized", False) and not tensor.is_meta:
                nn.init.normal_(tensor, std=deviation)
    passes = getattr(decoder, "prefix_passes", None)
    if passes is not None and not getattr(passes, "_is_hf_initialized", False) and not passes.is_meta:
        passes.zero_()


def _draw_maker(maker: Maker, scale: float, seed: int, *, spreads: Mapping[int, tuple[Spread, Spread]] | None) -> None:
    for p in range(len(maker.table)):
        _draw(maker.table[p], seed, f"prefix.{p}.table", 1.0)
    _draw(maker.inner.weight, seed, "prefix.inner", 1 / math.sqrt(maker.inner.in_features))
    maker.inner.bias.zero_()
    _draw(maker.outer.weight, seed, "prefix.outer", 1 / math.sqrt(TANH * maker.outer.in_features))
    maker.outer.bias.zero_()
    for index in maker.heads:
        own = spreads[index] if spreads else (None, None)
        for rows, spread in zip(maker.rows(index), own, strict=True):
            if spread is not None:
                maker.outer.weight[rows].mul_(spread.deviation.flatten()[:, None])
                maker.outer.bias[rows].copy_(spread.mean.flatten())
            else:
                maker.outer.weight[rows].mul_(scale)


def _fit_maker(maker: Maker, read: Mapping[int, tuple[Tensor, Tensor]]) -> None:
    """Last layer with which the MLP makes keys and values (P, K, T, D): the smallest that does, or least squares."""
    hidden = torch.tanh(maker.inner(maker.table)).flatten(0, 1).float()
    inverse = torch.linalg.pinv(hidden)
    for index in maker.heads:
        for rows, own in zip(maker.rows(index), read[index], strict=True):
            wanted = own.transpose(1, 2).flatten(2).flatten(0, 1).to(hidden)
            mean = wanted.mean(0)
            maker.outer.weight[rows] = (inverse @ (wanted - mean)).T.to(maker.outer.weight.dtype)
            maker.outer.bias[rows] = mean.to(maker.outer.bias.dtype)


def _draw_aggregator(aggregator: Aggregator, width: int, seed: int) -> None:
    P = aggregator.streams
    if len(aggregator) > 1:
        into: Any = aggregator[0]
        for p in range(P):
            _draw(into.weight.view(width, width, P)[:, :, p], seed, f"aggregator.inner.{p}", 0.5 / math.sqrt(P * width))
        into.bias.zero_()
    if len(aggregator):
        out: Any = aggregator[-1]
        for p in range(P):
            _draw(out.weight[p], seed, f"aggregator.outer.{p}", 0.02)
        out.bias.zero_()


def _draw(tensor: Tensor, seed: int, name: str, scale: float, spread: Spread | None = None) -> None:
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    drawn = torch.randn(tensor.shape, generator=generator)
    tensor.copy_(drawn * scale if spread is None else spread.mean[:, None] + spread.deviation[:, None] * drawn)
