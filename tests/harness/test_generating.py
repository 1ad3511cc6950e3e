"""A model going on with a text."""

import pytest
import torch

from scalelaw.cost import Shape
from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import Model

SHAPE = Shape.scaled(width=32, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3)
TOKENS = torch.randint(0, 61, (3, 17), generator=torch.Generator().manual_seed(0))


def test_generation_is_causal_greedy_and_repeatable():
    model = Model(SHAPE, Streams(count=2))
    longer = model.generate(TOKENS, 4)
    assert torch.equal(longer[:, :17], TOKENS)
    assert torch.equal(longer[:, -1:], model(longer[:, :-1])[:, -1:].argmax(-1))
    drawn = [model.generate(TOKENS, 4, temperature=1.0, seed=seed) for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert torch.equal(model.generate(TOKENS, 4, guidance=1.0), longer)


def test_generation_goes_on_from_something():
    with pytest.raises(HarnessError, match="the prompt is empty"):
        Model(SHAPE).generate(TOKENS[:, :0], 4)
    with pytest.raises(HarnessError, match="temperature is -1"):
        Model(SHAPE).generate(TOKENS, 4, temperature=-1.0)
    with pytest.raises(HarnessError, match="guidance is nan"):
        Model(SHAPE).generate(TOKENS, 4, guidance=float("nan"))
    with pytest.raises(HarnessError, match="outside of the vocabulary, 0 to 60"):
        Model(SHAPE).generate(TOKENS + 1, 4)
    with pytest.raises(HarnessError, match=r"1 dimensions; it is a batch"):
        Model(SHAPE).generate(TOKENS[0], 4)
