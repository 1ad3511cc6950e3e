"""Parameters of a model, over its tensors and by formula."""

from dataclasses import replace

import pytest
import torch

from scalelaw.cost import PAPER, Shape, parameters
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import Model

SHAPE = Shape.scaled(width=32, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3)


@pytest.mark.parametrize("streams", [1, 2, 5])
@pytest.mark.parametrize("aggregation", ["mlp", "linear", "mean"])
@pytest.mark.parametrize(
    "changes", [{}, {"tied": False}, {"bias": False}, {"prefix_at_one": True}, {"prefix_tokens": 0}]
)
def test_parameters_by_formula_and_by_sum_agree(streams, aggregation, changes):
    shape = replace(SHAPE, aggregation=aggregation, **changes)
    model = Model(shape, Streams(count=streams))
    assert model.count_parameters() == parameters(shape, streams)
    total = sum(value.numel() for value in model.parameters())
    assert total == sum(value for name, value in parameters(shape, streams).items() if name.startswith("n_"))


@pytest.mark.parametrize("size", PAPER)
@pytest.mark.parametrize("streams", [1, 2, 4, 8])
def test_the_papers_models_have_the_papers_parameters(size, streams):
    with torch.device("meta"):
        model = Model(PAPER[size], Streams(count=streams))
    assert model.count_parameters() == parameters(PAPER[size], streams)
