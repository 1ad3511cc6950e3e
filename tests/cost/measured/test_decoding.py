"""Reading token by token with a cache is what the harness's model does all at once."""

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from scalelaw.cost import Shape  # noqa: E402
from scalelaw.cost.measured.decoding import Decoder, unmeaning  # noqa: E402
from scalelaw.errors import HarnessError  # noqa: E402
from scalelaw.harness.cell import Streams  # noqa: E402
from scalelaw.harness.model import Model  # noqa: E402


@pytest.mark.parametrize("aggregation", ["mlp", "linear", "mean"])
@pytest.mark.parametrize("streams", [1, 2, 4])
@pytest.mark.parametrize("parts", [(9,), (1, 1, 1, 6), (5, 4), (5, 1, 1, 1, 1)])
def test_logits_are_those_of_the_whole_pass(streams, parts, aggregation):
    shape = Shape.scaled(
        width=32, layers=2, heads=4, kv_heads=2, vocabulary=61, prefix_tokens=3, aggregation=aggregation
    )
    model = Model(shape, Streams(count=streams), seed=1)
    tokens = torch.randint(0, 61, (3, 9), generator=torch.Generator().manual_seed(0))
    decoder = Decoder(model, batch=3, length=9)
    read = 0
    for part in parts:
        found = decoder(tokens[:, read : read + part])
        read += part
        whole = model(tokens[:, :read])[:, -1]
        torch.testing.assert_close(found, whole, rtol=1e-4, atol=1e-5)


def test_a_model_of_unmeaning_weights_has_all_of_them():
    shape = Shape.scaled(width=32, layers=2)
    model = unmeaning(shape, 2)
    assert all(torch.isfinite(value).all() for value in model.parameters())
    assert float(model.prefix_gate) == 1
    assert model.count_parameters() == Model(shape, Streams(count=2)).count_parameters()


def test_a_prefix_that_has_not_faded_in_is_refused():
    model = Model(Shape.scaled(width=32, layers=1), Streams(count=2, near_identity=True))
    with pytest.raises(HarnessError, match="has not faded in"):
        Decoder(model, batch=1, length=4)
