"""Prefixes merged and streams dropped: what is left is as it was."""

from dataclasses import replace

import pytest
import torch

from scalelaw.cost import Shape, parameters
from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import Model

SHAPE = Shape.scaled(width=32, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3)
TOKENS = torch.randint(0, 61, (3, 17), generator=torch.Generator().manual_seed(0))
AGGREGATIONS = ("mlp", "linear", "mean")


def logits(model: Model, tokens: torch.Tensor = TOKENS, **options) -> torch.Tensor:
    with torch.no_grad():
        return model(tokens, **options)


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, atol=2e-6, rtol=1e-5)


def test_reparameterised_prefixes_are_merged_without_a_change():
    model = Model(SHAPE, Streams(count=3, prefix="reparameterised"))
    merged = model.merged()
    close(logits(merged), logits(model))
    assert merged.streams.prefix == "direct"
    assert merged.count_parameters() == model.count_parameters() == parameters(SHAPE, 3)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("kind", ["direct", "reparameterised"])
def test_dropping_streams_keeps_the_others_as_they_were(aggregation, kind):
    """What is left is the sum over the kept streams, with the other features of the aggregator's input at zero."""
    model = Model(replace(SHAPE, aggregation=aggregation), Streams(count=4, prefix=kind))
    kept = model.keep_streams([3, 1])
    with torch.no_grad():
        close(kept.each_stream(TOKENS), model.each_stream(TOKENS)[[3, 1]])
        close(kept.keep_streams([1, 0]).each_stream(TOKENS), kept.each_stream(TOKENS)[[1, 0]])
    close(logits(kept.keep_streams([1, 0])), logits(kept))  # the order of streams does not matter
    assert kept.count_parameters() == parameters(replace(SHAPE, aggregation=aggregation), 2)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_the_streams_kept_are_weighed_anew(aggregation):
    """By the old aggregator's logits of them, with the features of the others at zero; and smoothed over those kept."""
    model = Model(replace(SHAPE, aggregation=aggregation), Streams(count=4))
    chosen, old = [3, 1], model.aggregator
    with torch.no_grad():
        for value in old.parameters():
            value.normal_()
        streams = model.each_stream(TOKENS)
        weights = model.keep_streams(chosen).aggregator.weights(streams[chosen])
        x = (
            torch.zeros_like(streams)
            .index_copy(0, torch.tensor(chosen), streams[chosen])
            .permute(1, 2, 0, 3)
            .flatten(2)
        )
        x = torch.nn.functional.silu(old.inner(x)) if aggregation == "mlp" else x
        z = old.outer(x)[..., chosen] if aggregation != "mean" else torch.zeros_like(weights)
    close(weights, 0.9 * z.softmax(-1) + 0.1 / 2)


@pytest.mark.parametrize("kept", [[], [0, 0], [4], [-1]])
def test_streams_that_are_not_there_cannot_be_kept(kept):
    with pytest.raises(HarnessError, match="name some of 0 to 3, each once"):
        Model(SHAPE, Streams(count=4)).keep_streams(kept)
