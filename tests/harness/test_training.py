"""Training one cell: repeatable to the last digit, resumable, paired over P, and honest when it fails."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from scalelaw import harness, runs
from scalelaw.cost import parameters
from scalelaw.errors import Diverged, HarnessError, ScalelawError, Stopped
from scalelaw.harness import Streams, load_weights, two_stage
from scalelaw.harness.model import backbone
from scalelaw.harness.running import Run
from scalelaw.harness.storage import FORMAT
from scalelaw.harness.sweep.folder import make_sweep
from scalelaw.harness.training import first_model

train = partial(harness.train, device="cpu")  # in float32: to 1e-5, or to the last digit
KINDS = {
    "plain": {},
    "two streams": {"streams": 2},
    "near identity": {"streams": 2, "stream": {"near_identity": True}},
    "reparameterised": {"streams": 2, "stream": {"prefix": "reparameterised"}},
    "linear, prefix at its own rate": {
        "streams": 3,
        "shape": {"aggregation": "linear"},
        "recipe": {"prefix_rate": 5.0},
    },
}


def same(row, other):
    """Two rows but for the time they took."""
    return {k: v for k, v in row.items() if k != "seconds"} == {k: v for k, v in other.items() if k != "seconds"}


def stop_after(steps):
    calls = iter(range(10**9))
    return lambda: next(calls) >= steps


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_gives_the_same_row_again_and_after_a_stop(kind, make_cell, tmp_path):
    cell = make_cell(**KINDS[kind])
    row = train(cell, tmp_path / "one")
    with pytest.raises(Stopped, match="stopped after step 5; it goes on from there"):
        train(cell, tmp_path / "two", stop=stop_after(5))
    assert (tmp_path / "two" / "checkpoint.safetensors").exists()
    assert not (tmp_path / "two" / "row.json").exists()
    assert same(train(cell, tmp_path / "two"), row)
    assert {each.name for each in (tmp_path / "two").iterdir()} == {
        "row.json",
        "log.parquet",
        "weights.safetensors",
        "progress.json",
    }
    logs = [pd.read_parquet(tmp_path / each / "log.parquet").drop(columns="seconds") for each in ("one", "two")]
    pd.testing.assert_frame_equal(*logs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "near identity"])
def test_a_killed_cell_goes_on_where_it_was(kind, make_cell, corpus_cache, tmp_path):
    """SIGKILL at whatever step it has come to, several times."""
    cell = make_cell(**{**KINDS[kind], "steps": 400})
    row = train(cell, tmp_path / "undisturbed")
    folder = tmp_path / "killed"
    code = (
        "import json, sys; from scalelaw.harness import Cell, train\n"
        "train(Cell.from_dict(json.loads(sys.argv[1])), sys.argv[2], device='cpu', checkpoint_seconds=0.05)"
    )
    environment = {**os.environ, "SCALELAW_CACHE": str(corpus_cache), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    seen = set()
    checkpoint = folder / "checkpoint.safetensors"
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code, json.dumps(cell.to_dict()), folder], env=environment)
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while process.poll() is None:
            if checkpoint.exists() and checkpoint.stat().st_mtime_ns > before:
                process.send_signal(signal.SIGKILL)
                process.wait()
            time.sleep(0.01)
        assert process.returncode in (0, -signal.SIGKILL)
        seen.add(process.returncode)
    assert -signal.SIGKILL in seen
    assert same(train(cell, folder), row)


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch, within its compiler
@pytest.mark.parametrize("kind", ["plain", "near identity"])
def test_compiled_a_cell_ends_the_same_and_is_compiled_once(kind, make_cell, tmp_path):
    """The gate that changes at each step of a near-identity start is no reason to compile anew."""
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    cell = make_cell(**KINDS[kind])
    plain, compiled = train(cell, tmp_path / "plain"), train(cell, tmp_path / "compiled", compile=True)
    assert compiled["loss"] == pytest.approx(plain["loss"], abs=1e-5)
    assert compiled["train_loss"] == pytest.approx(plain["train_loss"], abs=1e-5)
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]


def test_the_row_is_a_row_of_the_runs_table(make_cell, tmp_path):
    cell = make_cell(streams=2)
    row = train(cell, tmp_path / "cell")
    assert json.loads((tmp_path / "cell" / "row.json").read_text()) == row
    runs.write({name: [value] for name, value in row.items() if value is not None}, tmp_path / "runs.parquet")
    table = runs.read(tmp_path / "runs.parquet")
    counts = parameters(cell.shape, 2)
    assert {name: table.loc[0, name] for name in counts} == counts
    assert (table.loc[0, "D"], table.loc[0, "C"], table.loc[0, "P"]) == (cell.D, cell.C, 2)
    assert table.loc[0, "loss_se"] > 0
    model, again = load_weights(tmp_path / "cell")
    assert again == cell
    assert model.count_parameters() == counts


def test_it_learns(make_cell, corpus, tmp_path):
    """Words of eight letters: far below the log of the vocabulary, and of the letters."""
    row = train(make_cell(steps=200), tmp_path / "cell")
    curve = pd.read_parquet(tmp_path / "cell" / "log.parquet")
    assert row["loss"] < 1.7 < 4.0 < curve["loss"].iloc[0]
    assert len(curve) == 20
    assert curve["step"].iloc[-1] == 200
    assert curve["D"].iloc[-1] == row["D"]
    assert abs(row["bpb"] - row["loss"] / 0.6931 * len(corpus.held_out) / corpus.held_out_bytes) < 1e-3


def test_runs_of_one_seed_are_paired_over_streams(make_cell, tmp_path):
    """The same backbone at first and the same tokens at every step, whatever P."""
    cells = [make_cell(streams=P, seed=3) for P in (1, 2, 4)]
    models = [first_model(cell, tmp_path) for cell in cells]
    for model in models[1:]:
        assert all(torch.equal(value, backbone(model)[name]) for name, value in backbone(models[0]).items())
    corpora = __import__("scalelaw.harness.corpus", fromlist=["load"])
    corpus = corpora.load(cells[0].corpus, hash=cells[0].corpus_hash)
    taken = [Run(cell, tmp_path, corpus, model).batch(7) for cell, model in zip(cells, models, strict=True)]
    assert all(torch.equal(inputs, taken[0][0]) and torch.equal(targets, taken[0][1]) for inputs, targets in taken)


@pytest.mark.parametrize("trained", ["all", "streams"])
def test_two_stages(trained, make_cell, tmp_path):
    cell = two_stage(make_cell(streams=2, steps=16), share=0.25, trained=trained)
    with pytest.raises(HarnessError, match=r"there are no weights .*: train the cell first, or check the path"):
        train(cell, tmp_path / cell.id)
    sweep = make_sweep(tmp_path / "sweep", [cell])
    with pytest.raises(HarnessError, match=f"train it first, with `scalelaw train {sweep.folder(cell.start)}`"):
        train(cell, sweep.folder(cell))
    first = train(cell.start, tmp_path / cell.start.id)
    row = train(cell, tmp_path / cell.id)
    assert (row["D"], row["P"], row["start"], row["trained"]) == (16 * 128, 2, first["run"], trained)
    before, after = (backbone(load_weights(tmp_path / each.id)[0]) for each in (cell.start, cell))
    kept = [torch.equal(value, after[name]) for name, value in before.items()]
    assert all(kept) if trained == "streams" else not any(kept[:1])
    begun = first_model(cell, tmp_path / cell.id)
    assert all(torch.equal(value, backbone(begun)[name]) for name, value in before.items())


def test_a_divergence_names_its_step_and_leaves_no_row(make_cell, tmp_path):
    cell = make_cell(recipe={"rate": 1e30, "clip": 1e30, "warmup": 0.0})
    with pytest.raises(Diverged, match=r"diverged at step \d+ of 12: .* lower the rate, now 1e\+30") as raised:
        train(cell, tmp_path / "cell")
    assert 1 <= raised.value.step <= 12
    assert not (tmp_path / "cell" / "row.json").exists()


def test_a_corpus_that_is_too_short_is_refused_or_repeated(make_cell, tmp_path):
    long = make_cell(steps=5, recipe={"batch": 1000})
    with pytest.raises(HarnessError, match="more than once with --repeat"):
        train(long, tmp_path / "cell")
    assert train(replace(long, repeat=True), tmp_path / "cell")["D"] == 5 * 32_000


def test_another_corpus_is_refused(make_cell, tmp_path):
    with pytest.raises(HarnessError, match="was planned with 0123"):
        train(make_cell(corpus_hash="0123"), tmp_path / "cell")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "is damaged; delete it"),
        (lambda path: path.write_bytes(b""), "is damaged; delete it"),
        (lambda path: save_file({}, path, {"format": "scalelaw-checkpoint/0"}), "another version of scalelaw; delete"),
        (lambda path: save_file({}, path, {"format": FORMAT, "cell": "x"}), "belongs to cell x and not to"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_named(spoil, message, make_cell, tmp_path):
    cell = make_cell()
    with pytest.raises(Stopped):
        train(cell, tmp_path, stop=stop_after(3))
    spoil(tmp_path / "checkpoint.safetensors")
    with pytest.raises(HarnessError, match=message):
        train(cell, tmp_path)
    (tmp_path / "checkpoint.safetensors").unlink()
    assert train(cell, tmp_path)["step"] == 12


def test_weights_that_cannot_be_used_are_named(make_cell, tmp_path):
    train(make_cell(), tmp_path)
    path = tmp_path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(HarnessError, match="are damaged or not scalelaw's"):
        load_weights(path)


def test_a_full_disk_leaves_the_older_checkpoint(make_cell, tmp_path, monkeypatch):
    cell = make_cell()
    row = train(cell, tmp_path / "one")
    with pytest.raises(Stopped):
        train(cell, tmp_path / "two", stop=stop_after(3))
    held = (tmp_path / "two" / "checkpoint.safetensors").read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(ScalelawError, match=r"cannot write .*: No space left on device"):
            train(cell, tmp_path / "two", stop=stop_after(3))
    assert (tmp_path / "two" / "checkpoint.safetensors").read_bytes() == held
    assert same(train(cell, tmp_path / "two"), row)


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "warp"])
def test_a_device_that_is_not_there_is_named(device, make_cell, tmp_path):
    with pytest.raises(HarnessError, match="choose auto"):
        train(make_cell(), tmp_path, device=device)


def test_streams_may_be_dropped_from_what_was_trained(make_cell, corpus, tmp_path):
    from scalelaw.harness import evaluate

    row = train(make_cell(streams=4, steps=100), tmp_path)
    model, _ = load_weights(tmp_path)
    losses = [evaluate(model.keep_streams(list(range(count))), corpus, context=32).loss for count in (1, 2, 4)]
    assert losses[-1] == pytest.approx(row["loss"], abs=1e-5)
    assert all(loss < 3 for loss in losses)
    assert Streams(count=4) == model.streams
