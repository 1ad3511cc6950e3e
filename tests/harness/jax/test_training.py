"""Training in JAX: the losses, files and rows of PyTorch's training, going on from checkpoints, ends before the end."""

import json
from itertools import chain, repeat

import pandas as pd
import pytest

pytest.importorskip("jax", reason="the extra jax is not installed")
pytest.importorskip("optax", reason="the extra jax is not installed")
torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("safetensors", reason="the extra train is not installed")

from scalelaw.cost import Shape  # noqa: E402
from scalelaw.errors import Diverged, HarnessError, Stopped  # noqa: E402
from scalelaw.harness.cell import Cell, Recipe, Streams  # noqa: E402
from scalelaw.harness.evaluating import evaluate  # noqa: E402
from scalelaw.harness.jax import running  # noqa: E402
from scalelaw.harness.jax.training import train  # noqa: E402
from scalelaw.harness.storage import load_weights  # noqa: E402
from scalelaw.harness.sweep.folder import make_sweep  # noqa: E402
from scalelaw.harness.sweep.single import train_one  # noqa: E402
from scalelaw.harness.training import train as train_in_pytorch  # noqa: E402
from scalelaw.runs import read  # noqa: E402

SHAPE = Shape.scaled(width=16, layers=1, vocabulary=64, prefix_tokens=4)
RECIPE = Recipe(batch=4, context=32, prefix_rate=0.5, clip=0.1)  # of most tests, so that few steps are compiled
OWN = ("seconds", "backend")  # what may differ between rows of the two


def cell(*, steps=20, streams=None, recipe=RECIPE, shape=SHAPE, **others):
    tokens = steps * recipe.tokens_a_step
    streams = streams or Streams(count=2)
    return Cell(shape=shape, streams=streams, recipe=recipe, tokens=tokens, corpus="made-up", corpus_hash="0", **others)


def after(steps):
    """A ``stop`` that says yes after so many steps."""
    return chain(repeat(False, steps), repeat(True)).__next__


def close(row, expected):
    assert row["backend"] == "jax"
    row, expected = ({name: each[name] for name in each if name not in OWN} for each in (row, expected))
    rounded = {name: pytest.approx(value, rel=1e-4) for name, value in expected.items() if isinstance(value, float)}
    assert row == {**expected, **rounded}


STAGE = cell(steps=5, streams=Streams())
CELLS = {
    "plain": cell(streams=Streams()),
    "streams": cell(),
    "reparameterised": cell(streams=Streams(count=2, prefix="reparameterised", near_identity=True)),
    "streams only": cell(start=STAGE, trained="streams", seed=1, recipe=Recipe(batch=4, context=32, schedule="cosine")),
}


def test_one_cell_of_a_sweep_by_itself(tmp_path, corpus):
    """`scalelaw train FOLDER --backend jax`."""
    one = CELLS["streams"]
    folder = make_sweep(tmp_path / "sweep", [one]).folder(one)
    for options, message in (
        ({"compile": True}, "compile is for torch"),
        ({"shard": True}, "shard is for torch, under torchrun"),
        ({"devices": 3}, "but devices is 3"),
    ):
        with pytest.raises(HarnessError, match=message):
            train_one(folder, backend="jax", **options)
    row = train_one(folder, backend="jax", device="cpu")
    assert row["backend"] == "jax"
    assert read(tmp_path / "sweep")["loss"].tolist() == [row["loss"]]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name != "streams" else []) for name in CELLS]
)
def test_every_step_and_the_row_are_those_of_pytorch(name, tmp_path, corpus):
    folders = tmp_path / "jax" / CELLS[name].id, tmp_path / "torch" / CELLS[name].id
    for folder in folders if CELLS[name].start else ():
        train_in_pytorch(STAGE, folder.parent / STAGE.id, device="cpu")
    close(train(CELLS[name], folders[0]), train_in_pytorch(CELLS[name], folders[1], device="cpu"))
    own, expected = (pd.read_parquet(folder / "log.parquet") for folder in folders)
    assert own["step"].tolist() == list(range(CELLS[name].first_step + 1, CELLS[name].first_step + 21))
    for column in ("train_loss", "loss", "loss_se", "bpb", "rate"):  # twenty steps, each a point of the curve
        pd.testing.assert_series_equal(own[column], expected[column], rtol=0, atol=1e-4)


def test_what_is_left_in_the_folder(tmp_path, corpus):
    row = train(cell(steps=3), tmp_path)
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"progress.json", "log.parquet", "weights.safetensors", "row.json"}
    assert json.loads((tmp_path / "row.json").read_text()) == row
    assert {"step", "steps", "seconds", "tokens_per_second", "loss"} < set(
        json.loads((tmp_path / "progress.json").read_text())
    )
    model, of = load_weights(tmp_path)
    assert of == cell(steps=3)
    assert evaluate(model, corpus, context=32).loss == pytest.approx(row["loss"], abs=1e-5)


@pytest.mark.parametrize("steps", [0, 7])
def test_a_cell_that_was_stopped_ends_with_the_same_row_and_weights(steps, tmp_path, corpus):
    whole = train(cell(), tmp_path / "whole")
    with pytest.raises(Stopped, match=f"after step {steps}"):
        train(cell(), tmp_path / "halted", stop=after(steps))
    halted = train(cell(), tmp_path / "halted", checkpoint_seconds=0.0)
    assert {**halted, "seconds": 0} == {**whole, "seconds": 0}
    one, other = (load_weights(tmp_path / name)[0].state_dict() for name in ("whole", "halted"))
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_either_goes_on_from_the_checkpoint_of_the_other(tmp_path, corpus):
    expected = train_in_pytorch(cell(), tmp_path / "torch", device="cpu")
    with pytest.raises(Stopped):
        train(cell(), tmp_path / "both", stop=after(5))
    with pytest.raises(Stopped):
        train_in_pytorch(cell(), tmp_path / "both", device="cpu", stop=after(5))
    assert json.loads((tmp_path / "both" / "progress.json").read_text())["step"] > 5
    row = train(cell(), tmp_path / "both")
    assert row["backend"] == "jax+torch"
    close(row | {"backend": "jax"}, expected)


@pytest.mark.slow
@pytest.mark.parametrize("P", [1, 2, 4, 8])
def test_after_fifty_steps_the_loss_is_that_of_pytorch(P, tmp_path, corpus):
    fifty = cell(steps=50, streams=Streams(count=P))
    own, expected = train(fifty, tmp_path / "jax"), train_in_pytorch(fifty, tmp_path / "torch", device="cpu")
    assert own["loss"] == pytest.approx(expected["loss"], abs=1e-3)


def test_a_shape_is_compiled_once(tmp_path, corpus, traced):
    for seed, rate in ((0, 1e-3), (1, 4e-3)):
        recipe = Recipe(batch=4, context=32, beta1=0.8, rate=rate)  # of no other test
        train(cell(steps=3 + seed, seed=seed, recipe=recipe, streams=Streams()), tmp_path / str(seed))
    assert len(traced) == 1


def test_many_steps_in_one_call_are_those_of_one_at_a_time(tmp_path, corpus, monkeypatch):
    # seven to each point of the learning curve
    long = cell(steps=140, streams=Streams(count=2, near_identity=True), repeat=True)
    monkeypatch.setattr(running, "REPORT_SECONDS", 1e6)  # every call counts as short
    fast = train(long, tmp_path / "fast")
    monkeypatch.setattr(running, "REPORT_SECONDS", 0.0)  # every call counts as long
    assert {**train(long, tmp_path / "slow"), "seconds": 0} == {**fast, "seconds": 0}


def test_divergence_is_told_with_its_step(tmp_path, corpus):
    with pytest.raises(Diverged, match="lower the rate") as caught:
        train(cell(streams=Streams(), recipe=Recipe(batch=4, context=32, rate=1e25, clip=1e30, warmup=0.0)), tmp_path)
    assert 1 < caught.value.step < 20
    assert not (tmp_path / "row.json").exists()


def test_an_error_says_what_to_do(tmp_path, corpus):
    with pytest.raises(HarnessError, match="no device 'abacus' here; choose auto, or "):
        train(cell(), tmp_path, device="abacus")
    with pytest.raises(HarnessError, match="--repeat"):
        train(cell(steps=1000), tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"torn")
    with pytest.raises(HarnessError, match="damaged"):
        train(cell(), tmp_path)


def test_several_processes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(HarnessError, match="trained in JAX by one process; start it without torchrun"):
        train(cell(), tmp_path)
