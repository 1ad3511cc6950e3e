"""One cell on several processes gives the loss of one process, to rounding; two gloo processes on the CPU."""

import json
import os
import subprocess
import sys

import pytest

from scalelaw.errors import HarnessError, Stopped
from scalelaw.harness import load_weights, train
from scalelaw.harness.sweep.folder import make_sweep
from scalelaw.harness.sweep.single import train_one
from scalelaw.harness.training import check_divided

pytestmark = pytest.mark.slow
KINDS = {
    "plain": {},
    "near identity": {"streams": 2, "stream": {"near_identity": True}},
    "reparameterised": {"streams": 2, "stream": {"prefix": "reparameterised"}, "shape": {"tied": False}},
}


def torchrun(folder, cache, *options, processes=2):
    return subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"),
            *("-m", "scalelaw", "train", str(folder), "--device", "cpu", *options),
        ],
        env={**os.environ, "SCALELAW_CACHE": str(cache), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [(), ("--shard",)], ids=["replicated", "sharded"])
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
