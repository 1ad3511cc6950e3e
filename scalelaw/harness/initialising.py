"""The first weights of a model: drawn by name, so that one depends on no other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from scalelaw.cost import Shape
from scalelaw.harness.cell import Streams

if TYPE_CHECKING:
    from scalelaw.harness.model import Aggregator, Block, Model, Prefix, ReparameterisedPrefix


@torch.no_grad()
def initialise(model: Model, seed: int) -> None:
    """Draw the first weights, all of them here.

    Matrices: normal, standard deviation 0.5/sqrt(inputs); those that write into the residual stream are divided by
    sqrt(2 L). Norms 1, biases 0. Each tensor, and each stream's part of one, has a generator of its own that is seeded
    by its name, so that one does not depend on the others.
    """
    shape, streams = model.shape, model.streams
    residual = 1 / math.sqrt(2 * shape.layers)
    _draw(model.embedding.weight, seed, "embedding", 0.5 / math.sqrt(shape.width))
    for i, block in enumerate(cast("Iterable[Block]", model.blocks)):
        _draw(block.attention.qkv.weight, seed, f"{i}.qkv", 0.5 / math.sqrt(shape.width))
        _draw(block.attention.out.weight, seed, f"{i}.out", 0.5 / math.sqrt(shape.heads * shape.head_size) * residual)
        _draw(block.mlp.gate_up.weight, seed, f"{i}.gate_up", 0.5 / math.sqrt(shape.width))
        _draw(block.mlp.down.weight, seed, f"{i}.down", 0.5 / math.sqrt(shape.ffn) * residual)
        if shape.bias:
            block.attention.qkv.bias.zero_()
    if model.head is not None:
        _draw(model.head.weight, seed, "head", 0.5 / math.sqrt(shape.width))
    if model.prefix is not None and streams.prefix == "direct":
        _initialise_prefix(cast("Prefix", model.prefix), streams, seed)
    elif model.prefix is not None:
        _initialise_reparameterised(cast("ReparameterisedPrefix", model.prefix), streams, seed)
    if model.aggregator is not None:
        _initialise_aggregator(model.aggregator, shape, seed)


def _initialise_prefix(prefix: Prefix, streams: Streams, seed: int) -> None:
    for p in range(streams.count):
        _draw(prefix.k[:, p], seed, f"prefix.{p}.k", streams.prefix_scale)
        _draw(prefix.v[:, p], seed, f"prefix.{p}.v", 0.0 if streams.near_identity else streams.prefix_scale)


def _initialise_reparameterised(prefix: ReparameterisedPrefix, streams: Streams, seed: int) -> None:
    seeds, width = prefix.inner.in_features, prefix.inner.out_features
    for p in range(streams.count):
        _draw(prefix.table[p], seed, f"prefix.{p}.table", 1.0)
    _draw(prefix.inner.weight, seed, "prefix.inner", 1 / math.sqrt(seeds))
    # tanh of a standard normal has a mean square of 0.39
    _draw(prefix.outer.weight, seed, "prefix.outer", streams.prefix_scale / math.sqrt(0.39 * width))
    prefix.inner.bias.zero_()
    prefix.outer.bias.zero_()
    if streams.near_identity:
        prefix.outer.weight.view(*prefix.size[2:], -1)[:, 1].zero_()


def _initialise_aggregator(aggregator: Aggregator, shape: Shape, seed: int) -> None:
    """Equal weights at first: the last layer begins near zero."""
    P = aggregator.streams
    if hasattr(aggregator, "inner"):
        for p, part in enumerate(aggregator.inner.weight.view(shape.width, P, shape.width).unbind(1)):
            _draw(part, seed, f"aggregator.inner.{p}", 0.5 / math.sqrt(P * shape.width))
        aggregator.inner.bias.zero_()
    if hasattr(aggregator, "outer"):
        for p, row in enumerate(aggregator.outer.weight):
            _draw(row, seed, f"aggregator.outer.{p}", 0.02)
        aggregator.outer.bias.zero_()


def _draw(tensor: Tensor, seed: int, name: str, scale: float) -> None:
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    tensor.copy_(torch.randn(tensor.shape, generator=generator) * scale)
