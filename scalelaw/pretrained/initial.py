"""How streams begin.

- ``near-identity``: keys at random and values zero, seen through a gate that opens over the first training passes: at
  step 0 the model is exactly the one without streams, whatever P, and it leaves it gradually
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

Initial = Literal["near-identity", "statistics", "random"]
TANH = 0.39  # mean square of tanh of a standard normal


@torch.no_grad()
def initialise(
    decoder: Any, *, init: Initial, scale: float, seed: int, spreads: Mapping[int, tuple[Spread, Spread]] | None
) -> None:
    """Draw the first values of the set in place.

    ``spreads`` are means and deviations of each layer's keys and values, for ``statistics``.
    """
    from scalelaw.pretrained.decoder import attentions

    P = decoder.stream_settings.streams
    silent = init == "near-identity"
    if decoder.stream_settings.prefix == "reparameterised":
        _draw_maker(decoder.prefix_maker, scale, seed, silent=silent, spreads=spreads)
    else:
        for index, module in attentions(decoder).items():
            own = spreads[index] if spreads else (None, None)
            for kind, tensor, spread in zip("kv", (module.prefix_k, module.prefix_v), own, strict=True):
                for p in range(P):
                    factor = 0.0 if silent and kind == "v" else scale
                    _draw(tensor[p], seed, f"prefix.{index}.{p}.{kind}", factor, spread)
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


def _draw_maker(
    maker: Maker,
    scale: float,
    seed: int,
    *,
    silent: bool,
    spreads: Mapping[int, tuple[Spread, Spread]] | None,
) -> None:
    for p in range(len(maker.table)):
        _draw(maker.table[p], seed, f"prefix.{p}.table", 1.0)
    _draw(maker.inner.weight, seed, "prefix.inner", 1 / math.sqrt(maker.inner.in_features))
    maker.inner.bias.zero_()
    _draw(maker.outer.weight, seed, "prefix.outer", 1 / math.sqrt(TANH * maker.outer.in_features))
    maker.outer.bias.zero_()
    for index in maker.heads:
        own = spreads[index] if spreads else (None, None)
        for kind, rows, spread in zip("kv", maker.rows(index), own, strict=True):
            if spread is not None:
                maker.outer.weight[rows].mul_(spread.deviation.flatten()[:, None])
                maker.outer.bias[rows].copy_(spread.mean.flatten())
            else:
                maker.outer.weight[rows].mul_(0.0 if silent and kind == "v" else scale)


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
