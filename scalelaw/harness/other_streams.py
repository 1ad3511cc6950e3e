"""A model whose backbone is another's: with fewer of its streams, with its prefixes merged, or with new streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from scalelaw.cost import Shape
from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Streams

if TYPE_CHECKING:
    from scalelaw.harness.model import Aggregator, Model, Prefix


def backbone(model: Model) -> dict[str, Tensor]:
    """The tensors of a model that have nothing to do with streams."""
    added = ("prefix", "aggregator")
    return {name: value for name, value in model.state_dict().items() if not name.startswith(added)}


@torch.no_grad()
def with_streams(model: Model, streams: Streams, shape: Shape | None = None, *, seed: int = 0) -> Model:
    """This backbone with streams that begin anew: what stage two of two-stage training starts from."""
    new = type(model)(shape or model.shape, streams, seed=seed).to(model.embedding.weight.device)
    new.load_state_dict(backbone(model), strict=False)
    begins_anew = streams.near_identity and not model.streams.near_identity
    new.prefix_gate.copy_(torch.tensor(0.0) if begins_anew else model.prefix_gate)
    return new.train(model.training)


@torch.no_grad()
def merged(model: Model) -> Model:
    """A model of the same function whose prefixes are parameters of their own."""
    new = with_streams(model, replace(model.streams, prefix="direct"))
    if model.prefix is not None:
        _set_prefix(new, *model.prefix())
    if model.aggregator is not None and new.aggregator is not None:
        new.aggregator.load_state_dict(model.aggregator.state_dict())
    return new


@torch.no_grad()
def keep_streams(model: Model, kept: Sequence[int]) -> Model:
    """A model of some of the streams, in the order given; the others are dropped.

    The weights are those of an aggregator of the P' streams that are left: softmax over their logits alone, times
    1 - epsilon, plus epsilon/P'. To the MLP or the linear layer that gives the logits, the features of the streams that
    were dropped are as zeros, so that it is not the old weights divided by their sum. Nothing is trained again. With
    one stream left there is nothing to weigh, and its prefix stays.

    Raises
    ------
    HarnessError
        If a stream is named twice or does not exist.
    """
    P = model.streams.count
    if not kept or len(set(kept)) < len(kept) or not set(kept) <= set(range(P)):
        raise HarnessError(f"cannot keep streams {list(kept)} of {P}; name some of 0 to {P - 1}, each once")
    if model.streams.prefix == "reparameterised":
        return keep_streams(merged(model), kept)
    chosen = list(kept)
    shape = replace(model.shape, prefix_at_one=model.shape.prefix_slots(P) > 0) if len(chosen) == 1 else model.shape
    new = with_streams(model, replace(model.streams, count=len(chosen)), shape)
    if model.prefix is not None and new.prefix is not None:
        k, v = model.prefix()
        _set_prefix(new, k[:, chosen], v[:, chosen])
    if model.aggregator is not None and new.aggregator is not None and hasattr(new.aggregator, "outer"):
        _keep_weights(model.aggregator, new.aggregator, chosen)
    return new


def _set_prefix(model: Model, k: Tensor, v: Tensor) -> None:
    prefix = cast("Prefix", model.prefix)
    prefix.k.copy_(k)
    prefix.v.copy_(v)


def _keep_weights(old: Aggregator, new: Aggregator, chosen: list[int]) -> None:
    """Copy of an aggregator what belongs to the chosen streams."""
    by_stream = (old.outer if not hasattr(old, "inner") else old.inner).weight.unflatten(1, (old.streams, -1))
    kept = by_stream[:, chosen].flatten(1)
    if hasattr(old, "inner"):
        new.inner.weight.copy_(kept)
        new.inner.bias.copy_(old.inner.bias)
        new.outer.weight.copy_(old.outer.weight[chosen])
    else:
        new.outer.weight.copy_(kept[chosen])
    new.outer.bias.copy_(old.outer.bias[chosen])
