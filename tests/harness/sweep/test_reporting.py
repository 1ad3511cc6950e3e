"""status: from disk alone, and estimates of the time left."""

import json
import socket
import time

import numpy as np
import pytest

from scalelaw.cost import forward_flops
from scalelaw.harness.sweep import status, work
from scalelaw.harness.sweep.folder import make_sweep
from scalelaw.harness.sweep.reporting import counts, left, status_rows, summary, text
from scalelaw.harness.sweep.states import lock_at

COLUMNS = ["cell", "name", "state", "step", "steps", "loss", "seconds", "time_left", "host", "message"]


@pytest.fixture
def sweep(tmp_path, make):
    return make_sweep(tmp_path / "tiny", make(streams=[1, 2, 4]))


def last(cell, held_out=500_000):
    """The evaluation at the end, in steps of training as long."""
    forward = sum(forward_flops(cell.shape, cell.streams.count, context=cell.recipe.context).values())
    return held_out * forward / (cell.own_C / cell.steps)


def put(sweep, index, name, **contents):
    (sweep.folder(sweep.cells[index]) / name).write_text(json.dumps(contents))


def test_nothing_done(sweep):
    frame = status(sweep.path)
    assert frame.columns.tolist() == COLUMNS
    assert set(frame["state"]) == {"to do"}
    assert np.isnan(frame["time_left"]).all()
    assert summary(status_rows(sweep)) == "3 cells: 0 done, 3 to do"


def test_all_done(sweep):
    work(sweep.path, train="quick_train:train")
    frame = status(sweep.path)
    assert set(frame["state"]) == {"done"}
    assert (frame["step"] == frame["steps"]).all()
    assert (frame["time_left"] == 0).all()
    assert text(status_rows(sweep)) == "3 cells: 3 done"


def test_running_is_a_lock_that_is_held(sweep):
    put(sweep, 1, "progress.json", step=3, steps=12, seconds=6.0, loss=2.5, time=time.time(), host=socket.gethostname())
    assert status(sweep.path)["state"][1] == "to do"  # killed a moment ago
    with lock_at(sweep.folder(sweep.cells[1]) / "lock"):
        rows = status_rows(sweep)
    assert (rows[1]["state"], rows[1]["step"], rows[1]["loss"]) == ("running", 3, 2.5)
    assert rows[1]["time_left"] == pytest.approx(6.0 / 3 * (12 - 3 + last(sweep.cells[1])))
    assert "step 3/12" in text(rows)


@pytest.mark.parametrize(("age", "state"), [(5, "running"), (3600, "to do")])
def test_another_host_shows_signs_of_life_for_a_while(sweep, age, state):
    put(sweep, 0, "claim.json", host="elsewhere", pid=1, time=time.time() - age)
    assert status(sweep.path)["state"][0] == state


def test_time_left_follows_flops_and_jobs(sweep):
    put(sweep, 0, "row.json", loss=1.5, seconds=10.0, run=sweep.cells[0].id, held_out_tokens=1_000)
    rows = status_rows(sweep)
    shares = ((cell.steps + last(cell, 1_000)) / cell.steps for cell in sweep.cells[1:])
    expected = [
        0,
        *(10.0 * cell.C / sweep.cells[0].C * each for cell, each in zip(sweep.cells[1:], shares, strict=True)),
    ]
    assert [row["time_left"] for row in rows] == pytest.approx(expected)
    assert left(rows, 1) == pytest.approx(sum(expected))
    assert left(rows, 2) == pytest.approx(max(sum(expected) / 2, max(expected)))


def test_torn_files_are_lived_with(sweep):
    for name in ("progress.json", "claim.json", "failed.json"):
        (sweep.folder(sweep.cells[0]) / name).write_text("{")
    rows = status_rows(sweep)
    assert counts(rows) == {"done": 0, "failed": 1, "to do": 2}
    assert "torn" in rows[0]["message"]


def test_a_torn_row_is_not_done(sweep):
    work(sweep.path, train="quick_train:train")
    (sweep.folder(sweep.cells[1]) / "row.json").write_text('{"loss": 1.2')
    rows = status_rows(sweep)
    assert counts(rows) == {"done": 2, "failed": 1}
    assert rows[1]["message"].endswith("row.json is torn; delete it, and the cell is trained again")
    assert rows[1]["message"] in text(rows)


@pytest.mark.parametrize("kept", [True, False])
def test_that_a_process_died_is_said(sweep, kept):
    put(sweep, 1, "claim.json", host=socket.gethostname(), pid=123, time=time.time())
    if kept:
        put(sweep, 1, "checkpoint.safetensors")
    rows = status_rows(sweep)
    assert rows[1]["state"] == "to do"
    what = "it goes on from its checkpoint" if kept else "there is no checkpoint yet"
    assert rows[1]["message"] == f"what trained it (process 123 on {socket.gethostname()}) died; {what}"
    assert rows[1]["message"] in text(rows)
    assert [row["message"] for row in (rows[0], rows[2])] == [None, None]
    with lock_at(sweep.folder(sweep.cells[1]) / "lock"):
        assert status_rows(sweep)[1]["message"] is None  # it is being trained


def test_a_torn_claim_names_nobody(sweep):
    (sweep.folder(sweep.cells[0]) / "claim.json").write_text("{")
    assert status_rows(sweep)[0]["message"] == "what trained it died; there is no checkpoint yet"
