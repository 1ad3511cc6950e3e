"""The first weights: paired over streams, and of the scale asked for."""

from dataclasses import replace

import pytest
import torch

from scalelaw.cost import Shape
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import Model, backbone

SHAPE = Shape.scaled(width=32, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3)


@pytest.mark.parametrize("streams", [2, 4])
@pytest.mark.parametrize("aggregation", ["mlp", "linear", "mean"])
def test_the_backbone_begins_alike_whatever_the_streams(streams, aggregation):
    one, many = Model(SHAPE, seed=1), Model(replace(SHAPE, aggregation=aggregation), Streams(count=streams), seed=1)
    assert set(backbone(one)) == set(backbone(many))
    assert all(torch.equal(value, backbone(many)[name]) for name, value in backbone(one).items())
    assert not torch.equal(one.embedding.weight, Model(SHAPE, seed=2).embedding.weight)


def test_a_stream_begins_alike_whatever_their_number():
    two, four = (Model(SHAPE, Streams(count=count), seed=1) for count in (2, 4))
    assert torch.equal(two.prefix.k, four.prefix.k[:, :2])
    assert not torch.equal(four.prefix.v[:, 0], four.prefix.v[:, 1])


@pytest.mark.parametrize("kind", ["direct", "reparameterised"])
def test_the_prefix_begins_with_the_scale_asked_for(kind):
    model = Model(replace(SHAPE, prefix_tokens=64), Streams(count=8, prefix=kind, prefix_scale=0.3))
    k, v = model.prefix()
    assert 0.27 < k.std() < 0.33
    assert 0.27 < v.std() < 0.33
