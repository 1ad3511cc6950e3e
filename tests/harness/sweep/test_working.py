"""work: claims, failures, waiting, retries, a full disk."""

import json
import subprocess
import sys

import pytest

from scalelaw.errors import HarnessError, MissingExtra
from scalelaw.harness.sweep import gather, status, work
from scalelaw.harness.sweep.folder import make_sweep, read_json
from scalelaw.harness.sweep.gathering import mixed
from scalelaw.harness.sweep.states import lock_at
from scalelaw.harness.sweep.trainers import TRAINERS, Trainer
from scalelaw.harness.sweep.working import forgive
from scalelaw.runs import read

TRAIN = "quick_train:train"


@pytest.fixture
def sweep(tmp_path, make):
    return make_sweep(tmp_path / "tiny", make(width=[32, 48], streams=[1, 2]))


def states(sweep):
    return dict(zip(*(status(sweep.path)[name] for name in ("name", "state")), strict=True))


def begun(sweep, cell):
    path = sweep.folder(cell) / "begun"
    return path.read_text().split() if path.exists() else []


def test_all_cells_are_trained_longest_first(sweep):
    finished = work(sweep.path, train=TRAIN)
    assert sorted(finished) == sorted(cell.id for cell in sweep.cells)
    costs = {cell.id: cell.C for cell in sweep.cells}
    assert [costs[each] for each in finished] == sorted(costs.values(), reverse=True)
    assert read(sweep.path)["run"].tolist() == [cell.id for cell in sweep.cells]
    assert not list(sweep.path.rglob("claim.json"))


def test_what_is_done_is_left_alone(sweep):
    work(sweep.path, train=TRAIN)
    assert work(sweep.path, train=TRAIN) == []
    assert {len(begun(sweep, cell)) for cell in sweep.cells} == {1}


def test_a_cell_that_somebody_trains_is_left_alone(sweep):
    with lock_at(sweep.folder(sweep.cells[1]) / "lock"):
        assert states(sweep)[sweep.cells[1].name] == "running"
        assert sweep.cells[1].id not in work(sweep.path, train=TRAIN)
    assert states(sweep)[sweep.cells[1].name] == "to do"
    assert work(sweep.path, train=TRAIN) == [sweep.cells[1].id]


@pytest.mark.parametrize(("trouble", "kind", "step"), [("diverge", "diverged", 3), ("raise", "failed", None)])
def test_a_failure_is_recorded_and_never_a_loss(sweep, monkeypatch, trouble, kind, step):
    monkeypatch.setenv("QUICK_TROUBLE", f"w48-l2-p2:{trouble}")
    assert len(work(sweep.path, train=TRAIN)) == 3
    bad = sweep.cells[3]
    failed = read_json(sweep.folder(bad) / "failed.json")
    assert (failed["kind"], failed["step"]) == (kind, step)
    assert "Traceback" in failed["traceback"]
    assert states(sweep)[bad.name] == kind
    assert bad.id not in read(sweep.path)["run"].tolist()
    assert work(sweep.path, train=TRAIN) == []  # not tried again unless asked
    assert len(begun(sweep, bad)) == 1
    monkeypatch.delenv("QUICK_TROUBLE")
    forgive(sweep)
    assert work(sweep.path, train=TRAIN) == [bad.id]
    assert set(states(sweep).values()) == {"done"}


def test_a_cell_that_fails_again_is_tried_once_a_retry(sweep, monkeypatch):
    monkeypatch.setenv("QUICK_TROUBLE", "w48-l2-p2:raise")
    work(sweep.path, train=TRAIN)
    forgive(sweep)
    work(sweep.path, train=TRAIN)
    assert len(begun(sweep, sweep.cells[3])) == 2


def test_a_device_that_is_missing_marks_no_cell_as_failed(sweep):
    pytest.importorskip("torch", reason="the extra train is not installed")
    with pytest.raises(HarnessError, match="device 'abacus' is not known"):
        work(sweep.path, device="abacus")
    assert set(states(sweep).values()) == {"to do"}


def test_a_full_disk_marks_no_cell_as_failed(sweep, monkeypatch):
    monkeypatch.setenv("QUICK_TROUBLE", "w48-l2-p2:full")
    with pytest.raises(HarnessError, match="the disk is full"):
        work(sweep.path, train=TRAIN)
    assert set(states(sweep).values()) == {"to do"}
    monkeypatch.delenv("QUICK_TROUBLE")
    assert len(work(sweep.path, train=TRAIN)) == 4


def test_a_stop_leaves_a_cell_to_go_on_with(sweep, tmp_path, monkeypatch):
    (tmp_path / "stop").touch()
    assert work(sweep.path, train=TRAIN, stop_file=tmp_path / "stop") == []
    assert set(states(sweep).values()) == {"to do"}
    assert not list(sweep.path.rglob("failed.json"))


@pytest.mark.parametrize("together", [1, 2])
def test_a_missing_backend_is_named_and_no_cell_has_failed(make, tmp_path, monkeypatch, together):
    sweep = make_sweep(tmp_path / "tiny", make(seeds=2))
    monkeypatch.setitem(sys.modules, "jax", None)  # as on a machine of a cluster that lacks it
    with pytest.raises(MissingExtra, match=r"training with jax needs the package jax, .*scalelaw\[jax\]"):
        work(sweep.path, train="jax", together=together)
    assert set(states(sweep).values()) == {"to do"}


class TestTogether:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        quick = Trainer(TRAIN, "", (), "", together="quick_train:together")
        monkeypatch.setitem(TRAINERS, "quick", quick)

    @pytest.fixture
    def alike(self, tmp_path, make):
        return make_sweep(tmp_path / "alike", make(streams=[1, 2], rate=[1e-3, 2e-3], seeds=2))

    @pytest.mark.parametrize(("most", "sizes"), [(2, "22222222"), (3, "333333"), (4, "44444444"), (9, "44444444")])
    def test_cells_alike_are_claimed_together(self, alike, most, sizes):
        assert sorted(work(alike.path, train="quick", together=most)) == sorted(cell.id for cell in alike.cells)
        assert "".join(path.read_text() for path in alike.path.rglob("together")) == sizes
        assert {len(begun(alike, cell)) for cell in alike.cells} == {1}
        assert len(read(alike.path)) == 8
        assert not list(alike.path.rglob("claim.json"))

    def test_unlike_ones_are_trained_alone(self, sweep):
        assert len(work(sweep.path, train="quick", together=8)) == 4
        assert not list(sweep.path.rglob("together"))

    def test_one_that_diverges_is_recorded_and_the_others_are_done(self, alike, monkeypatch):
        bad = alike.cells[1]
        monkeypatch.setenv("QUICK_TROUBLE", f"{bad.name}:diverge")
        named_so = [cell.id for cell in alike.cells if cell.name == bad.name]
        finished = work(alike.path, train="quick", together=4)
        assert sorted(finished) == sorted(cell.id for cell in alike.cells if cell.id not in named_so)
        assert [read_json(alike.path / "cells" / each / "failed.json")["kind"] for each in named_so] == ["diverged"] * 2
        assert "Diverged" in read_json(alike.folder(bad) / "failed.json")["traceback"]

    def test_what_stops_all_of_them_is_recorded_for_each(self, alike, monkeypatch):
        monkeypatch.setenv("QUICK_TROUBLE", "-p2-:raise")
        assert len(work(alike.path, train="quick", together=4)) == 4
        said = [read_json(path)["message"] for path in alike.path.rglob("failed.json")]
        assert said == ["RuntimeError: out of luck"] * 4

    def test_a_cell_that_somebody_trains_is_left_alone(self, alike):
        with lock_at(alike.folder(alike.cells[0]) / "lock"):
            assert len(work(alike.path, train="quick", together=4)) == 7

    def test_one_in_which_a_process_died_is_trained_alone(self, alike):
        (alike.folder(alike.cells[0]) / "claim.json").write_text("{}")
        assert len(work(alike.path, train="quick", together=4)) == 8
        assert len(list(alike.path.rglob("together"))) == 7
        assert not (alike.folder(alike.cells[0]) / "together").exists()


class TestTwoStages:
    @pytest.fixture
    def staged(self, tmp_path, make):
        return make_sweep(tmp_path / "staged", make(streams=[1, 2], two_stage=0.5))

    def test_stage_two_waits(self, staged):
        assert sorted(states(staged).values()) == ["to do", "waiting", "waiting"]
        finished = work(staged.path, train=TRAIN)
        assert finished[0] == staged.cells[0].id
        assert len(finished) == 3
        assert read(staged.path)["stage"].tolist() == [2, 2]  # stage one was never annealed

    def test_a_start_that_failed_fails_what_goes_on_from_it(self, staged, monkeypatch):
        monkeypatch.setenv("QUICK_TROUBLE", f"{staged.cells[0].name}:diverge")
        assert work(staged.path, train=TRAIN) == []
        assert list(states(staged).values()) == ["diverged", "failed", "failed"]
        assert "goes on from" in status(staged.path)["message"][1]
        monkeypatch.delenv("QUICK_TROUBLE")
        forgive(staged)
        assert len(work(staged.path, train=TRAIN)) == 3


def test_rows_of_several_backends_are_told(sweep):
    work(sweep.path, train=TRAIN)
    assert mixed(sweep) == []
    for cell, backend in zip(sweep.cells, ("torch", "torch", "jax", "jax+torch"), strict=True):
        path = sweep.folder(cell) / "row.json"
        path.write_text(json.dumps(read_json(path) | {"backend": backend}))
    assert mixed(sweep) == ["2 rows trained by torch, 1 by jax, 1 by jax+torch: see the columns backend and device"]
    gather(sweep.path)
    assert read(sweep.path)["backend"].tolist() == ["torch", "torch", "jax", "jax+torch"]


def test_rows_of_two_precisions_are_told(sweep):
    work(sweep.path, train=TRAIN)
    for cell, device in zip(sweep.cells, ("cpu", "cuda:0", "cuda:1", "cpu+cuda:0"), strict=True):
        path = sweep.folder(cell) / "row.json"
        path.write_text(json.dumps(read_json(path) | {"backend": "torch", "device": device}))
    said = "1 row trained by torch, 2 by torch on cuda, 1 by torch on cpu+cuda: see the columns backend and device"
    assert mixed(sweep) == [said]


def test_every_setting_of_a_grid_is_a_column_and_null_where_there_is_no_such(tmp_path, make):
    """A grid over any of them must be told apart, and P = 1 has no prefix to have a size."""
    cells = make(streams=[1, 2], weight_decay=[0.0, 0.1], clip=[1.0, 2.0], prefix_tokens=8, near_identity=True)
    sweep = make_sweep(tmp_path / "settings", cells)
    work(sweep.path, train=TRAIN)
    gather(sweep.path)
    frame = read(sweep.path)
    assert not frame[["P", "weight_decay", "clip"]].duplicated().any()
    plain, streams = (frame[frame["P"] == P] for P in (1, 2))
    for name in ("prefix_tokens", "aggregation", "smoothing", "near_identity", "prefix_rate"):
        assert plain[name].isna().all(), name
        assert streams[name].notna().all(), name
    assert set(streams["prefix_tokens"]) == {8}


def test_two_at_once_do_each_cell_once(tmp_path, make, monkeypatch):
    monkeypatch.setenv("QUICK_SECONDS", "0.01")
    sweep = make_sweep(tmp_path / "tiny", make(width=[32, 48], streams=[1, 2, 4], seeds=2))
    program = f"from scalelaw.harness.sweep import work; work({str(sweep.path)!r}, train={TRAIN!r})"
    both = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    workers = [begun(sweep, cell) for cell in sweep.cells]
    assert {len(each) for each in workers} == {1}
    assert len({each[0] for each in workers}) == 2
    assert len(read(sweep.path)) == 12


def test_a_sweep_without_finished_cells_has_no_table(sweep):
    assert gather(sweep.path) is None
    assert not (sweep.path / "runs.parquet").exists()


@pytest.mark.parametrize(
    ("contents", "said"), [("{", "is torn"), ('{"run": "abc", "loss": 1}', "is the row of another cell .'abc'.")]
)
def test_a_torn_or_foreign_row_is_named(sweep, contents, said):
    work(sweep.path, train=TRAIN)
    table = (sweep.path / "runs.parquet").read_bytes()
    path = sweep.folder(sweep.cells[2]) / "row.json"
    path.write_text(contents)
    with pytest.raises(HarnessError, match=f"{path.parent.name}/row.json {said}"):
        gather(sweep.path)
    assert (sweep.path / "runs.parquet").read_bytes() == table
    path.unlink()
    assert work(sweep.path, train=TRAIN) == [sweep.cells[2].id]


def test_other_tables_beside_a_sweep_are_read_with_it(sweep):
    work(sweep.path, train=TRAIN)
    (sweep.path.parent / "more.csv").write_text("N,loss\n1e6,2.0\n")
    assert len(read(sweep.path.parent)) == 5
