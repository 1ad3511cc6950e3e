"""Several devices that share each batch: the losses of one, and what they cannot share."""

import pytest

jax = pytest.importorskip("jax", reason="the extra jax is not installed")
pytest.importorskip("optax", reason="the extra jax is not installed")
torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("safetensors", reason="the extra train is not installed")

from scalelaw.cost import Shape  # noqa: E402
from scalelaw.errors import HarnessError, Stopped  # noqa: E402
from scalelaw.harness.cell import Cell, Recipe, Streams  # noqa: E402
from scalelaw.harness.jax.places import choose  # noqa: E402
from scalelaw.harness.jax.together import train_together  # noqa: E402
from scalelaw.harness.jax.training import train  # noqa: E402


def cell(batch=4, seed=0):
    shape = Shape.scaled(width=16, layers=1, vocabulary=64, prefix_tokens=4)
    recipe = Recipe(batch=batch, context=32)
    tokens = 6 * recipe.tokens_a_step
    streams = Streams(count=2)
    return Cell(
        shape=shape, streams=streams, recipe=recipe, tokens=tokens, seed=seed, corpus="made-up", corpus_hash="0"
    )


@pytest.fixture
def two():
    if jax.device_count("cpu") < 2:
        pytest.skip("JAX began with one device in this process, as XLA_FLAGS were set by others")


def close(row, expected):
    for name in ("loss", "loss_se", "train_loss"):
        assert row[name] == pytest.approx(expected[name], rel=1e-5)


def test_two_devices_give_the_losses_of_one(two, tmp_path, corpus):
    expected = train(cell(), tmp_path / "one", device="cpu")
    with pytest.raises(Stopped):
        train(cell(), tmp_path / "two", device="cpu", devices=2, stop=iter([False] * 3 + [True]).__next__)
    close(train(cell(), tmp_path / "two", device="cpu", devices=2), expected)


def test_cells_together_are_shared_too(two, tmp_path, corpus):
    cells = [cell(), cell(seed=1)]
    rows = train_together(cells, [tmp_path / each.id for each in cells], device="cpu", devices=2)
    for row, each in zip(rows, cells, strict=True):
        close(row, train(each, tmp_path / "one" / each.id, device="cpu"))


def test_work_is_shared(two):
    place = choose("cpu", 2)
    tokens = place.spread(jax.numpy.zeros((3, 4, 5)), axis=1)
    assert {shard.data.shape for shard in tokens.addressable_shards} == {(3, 2, 5)}
    assert len({shard.device for shard in tokens.addressable_shards}) == 2
    whole = place.spread(jax.numpy.zeros((3, 5)), axis=0)  # not divided: whole on each
    assert {shard.data.shape for shard in whole.addressable_shards} == {(3, 5)}


@pytest.mark.parametrize(
    ("device", "count", "said"),
    [
        ("abacus", 1, "no device 'abacus' here; choose auto, or "),
        ("cpu", 1000, r"JAX finds (\d) cpu devices? here, but devices is 1000; ask for \1 at most"),
        ("cpu", 0, "devices is 0; a batch needs at least one"),
    ],
)
def test_devices_that_are_not_there(device, count, said):
    with pytest.raises(HarnessError, match=said):
        choose(device, count)


def test_a_batch_that_cannot_be_shared(two, tmp_path, corpus):
    with pytest.raises(HarnessError, match="a batch of 3 sequences cannot be shared alike by 2 devices"):
        train(cell(batch=3), tmp_path, device="cpu", devices=2)
