"""One cell on several processes gives the loss of one process, to rounding; two gloo processes on the CPU."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
import torch

from scalelaw import harness
from scalelaw.errors import HarnessError, Stopped
from scalelaw.harness import load_weights, two_stage
from scalelaw.harness.model import Model, backbone
from scalelaw.harness.saying import is_said_elsewhere
from scalelaw.harness.storage import load_checkpoint
from scalelaw.harness.sweep.folder import make_sweep
from scalelaw.harness.sweep.single import train_one
from scalelaw.harness.training import check_divided

pytestmark = pytest.mark.slow
train = partial(harness.train, device="cpu")
KINDS = {
    "plain": {},
    "near identity": {"streams": 2, "stream": {"near_identity": True}},
    "reparameterised": {"streams": 2, "stream": {"prefix": "reparameterised"}, "shape": {"tied": False}},
}


def command(folder, *options, processes=2):
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"),
        *("-m", "scalelaw", "train", str(folder), "--device", "cpu", *options),
    ]


def environment(cache):
    return {**os.environ, "SCALELAW_CACHE": str(cache), "OMP_NUM_THREADS": "1"}


def torchrun(folder, cache, *options, processes=2):
    return subprocess.run(
        command(folder, *options, processes=processes),
        env=environment(cache),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("plain", ["--shard"]),
        ("near identity", []),
        ("near identity", ["--shard"]),
        ("reparameterised", []),
        ("reparameterised", ["--shard"]),
    ],
)
def test_two_processes_give_the_loss_of_one(kind, options, make_cell, corpus_cache, tmp_path):
    cell = make_cell(**KINDS[kind], steps=20)
    sweep = make_sweep(tmp_path / "sweep", [cell])
    done = torchrun(sweep.folder(cell), corpus_cache, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("loss") == 1
    alone = train(cell, tmp_path / "alone")
    row = json.loads((sweep.folder(cell) / "row.json").read_text())
    assert row["loss"] == pytest.approx(alone["loss"], abs=2e-5)
    assert row["train_loss"] == pytest.approx(alone["train_loss"], abs=2e-5)
    together, apart = (load_weights(each)[0].state_dict() for each in (sweep.folder(cell), tmp_path / "alone"))
    assert set(together) == set(apart)
    assert all((together[name] - value).abs().max() < 2e-3 for name, value in apart.items())
    assert (tmp_path / "sweep" / "runs.parquet").exists()


@pytest.mark.parametrize("options", [(), ("--shard",)], ids=["replicated", "sharded"])
def test_a_cell_goes_on_with_another_number_of_processes(options, make_cell, corpus_cache, tmp_path):
    cell = make_cell(streams=2, steps=20)
    alone = train(cell, tmp_path / "alone")
    folder = make_sweep(tmp_path / "sweep", [cell]).folder(cell)
    calls = iter(range(100))
    with pytest.raises(Stopped):
        train(cell, folder, stop=lambda: next(calls) >= 8)
    done = torchrun(folder, corpus_cache, *options)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "row.json").read_text())["loss"] == pytest.approx(alone["loss"], abs=2e-5)


@pytest.mark.parametrize("options", [(), ("--shard",)], ids=["replicated", "sharded"])
def test_two_processes_stop_as_one_and_one_goes_on(options, make_cell, corpus_cache, tmp_path):
    cell = make_cell(streams=2, steps=700)
    folder = make_sweep(tmp_path / "sweep", [cell]).folder(cell)
    started = subprocess.Popen(command(folder, *options), env=environment(corpus_cache), stderr=subprocess.PIPE)
    while not (folder / "progress.json").exists() and started.poll() is None:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=100)
    assert said.count(b"it goes on from there") == 1, said.decode()
    assert not (folder / "row.json").exists()
    tensors, progress = load_checkpoint(folder / "checkpoint.safetensors", cell)
    assert 0 < progress["step"] < 700
    whole = Model(cell.shape, cell.streams).state_dict()
    assert all(tensors[f"weight/{name}"].shape == value.shape for name, value in whole.items())
    assert train_one(folder)["loss"] == pytest.approx(train(cell, tmp_path / "alone")["loss"], abs=1e-2)


@pytest.mark.parametrize("options", [(), ("--shard",)], ids=["replicated", "sharded"])
def test_streams_alone_are_trained_by_two_processes(options, make_cell, corpus_cache, tmp_path):
    cell = two_stage(make_cell(streams=2, steps=16), share=0.25, trained="streams")
    sweep = make_sweep(tmp_path / "sweep", [cell])
    train(cell.start, sweep.folder(cell.start))
    done = torchrun(sweep.folder(cell), corpus_cache, *options)
    assert done.returncode == 0, done.stderr
    before, after = (backbone(load_weights(sweep.folder(each))[0]) for each in (cell.start, cell))
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_two_processes_diverge_as_one(make_cell, corpus_cache, tmp_path):
    cell = make_cell(recipe={"rate": 1e30, "clip": 1e30, "warmup": 0.0})
    folder = make_sweep(tmp_path / "sweep", [cell]).folder(cell)
    done = torchrun(folder, corpus_cache)
    assert done.returncode == 1
    assert done.stderr.count("diverged at step") == 1, done.stderr
    assert not (folder / "row.json").exists()


def test_the_first_of_several_processes_says_what_is_wrong_with_all(make_cell, corpus_cache, tmp_path):
    folder = make_sweep(tmp_path / "sweep", [make_cell()]).folder(make_cell())
    done = torchrun(folder, corpus_cache, processes=3)
    assert done.returncode == 1
    assert done.stderr.count("Error: a batch of 4 sequences cannot be shared alike by 3") == 1, done.stderr


def test_a_process_says_what_is_wrong_with_it_alone(tmp_path):
    program = tmp_path / "own.py"
    program.write_text(
        "from scalelaw.harness import saying, torchrun\n"
        "saying._WAIT = 1.0\n"
        "own = torchrun.rank() == 2\n"
        "if not saying.is_said_elsewhere('of one alone' if own else 'of all'):\n"
        "    print('of one alone' if own else 'of all', flush=True)\n"
        "import time; time.sleep(10)\n"  # the store goes with the first process
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=3", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
    assert sorted(done.stdout.splitlines()) == ["of all", "of one alone"]


def test_without_others_a_process_says_what_is_wrong(monkeypatch):
    assert not is_said_elsewhere("all is wrong")
    monkeypatch.setenv("WORLD_SIZE", "2")  # of another launcher than torchrun
    assert not is_said_elsewhere("all is wrong")


def test_alone_a_finished_cell_is_left_as_it_is(make_cell, tmp_path):
    cell = make_cell()
    folder = make_sweep(tmp_path / "sweep", [cell]).folder(cell)
    row = train_one(folder)
    assert train_one(folder) == row


def test_what_cannot_be_done_in_parallel_is_named(make_cell, tmp_path):
    with pytest.raises(HarnessError, match="a batch of 4 sequences cannot be shared alike by 3 processes"):
        check_divided(make_cell(), 3)
    with pytest.raises(HarnessError, match="start them with torchrun"):
        train(make_cell(), tmp_path, shard=True)
    with pytest.raises(HarnessError, match=r"there is no cell\.json"):
        train_one(tmp_path)
