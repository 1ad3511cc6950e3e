"""run: the same table whatever happens on the way, clean stops, and what is said of workers that died."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from scalelaw.cli import main
from scalelaw.errors import HarnessError, MissingExtra, ScalelawError
from scalelaw.harness.sweep import run, status
from scalelaw.harness.sweep.folder import make_sweep
from scalelaw.runs import read

TRAIN = "quick_train:train"
PROGRAM = """
import signal, sys
from scalelaw.cli import main
from scalelaw.harness import sweep
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with interrupts ignored
    run = sweep.run
    sweep.run = lambda *given, **settings: run(*given, **{**settings, "train": "quick_train:train"})
    main(["sweep", sys.argv[1], "--jobs", sys.argv[2]])
"""


@pytest.fixture
def cells(make):
    return make(width=[32, 48, 64], streams=[1, 2, 4])


def start(tmp_path, folder, jobs):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, program, folder, str(jobs)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for(condition, process=None):
    """Until something shows on disk."""
    for _ in range(600):
        if condition():
            return
        assert process is None or process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    pytest.fail("it did not come about")


def undisturbed(tmp_path, cells):
    run(tmp_path / "undisturbed", cells, train=TRAIN, engine=ThreadPoolExecutor(1))
    return read(tmp_path / "undisturbed")


def ended(folder):
    return {path.parent.name: path.read_text().split() for path in folder.glob("cells/*/ended")}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_local_sweep_is_trained_and_fitted(tmp_path, cells, jobs, capsys):
    outcome = run(tmp_path / "tiny", cells, jobs=jobs, train=TRAIN)
    assert (outcome.complete, outcome.counts, outcome.failed) == (True, {"done": 9}, ())
    assert read(tmp_path / "tiny").equals(undisturbed(tmp_path, cells))
    with pytest.raises(SystemExit) as stopped:
        main(["fit", str(tmp_path / "tiny"), "--law", "parscale"])
    assert stopped.value.code == 0
    assert "parscale" in capsys.readouterr().out


def test_the_folder_alone_goes_on(tmp_path, cells):
    make_sweep(tmp_path / "tiny", cells)
    assert run(tmp_path / "tiny", train=TRAIN, engine=ThreadPoolExecutor(2), jobs=2).complete


def test_a_sweep_that_grew_gives_the_table_of_the_whole(tmp_path, make, cells):
    told = io.StringIO()
    pool = ThreadPoolExecutor(1)
    run(tmp_path / "tiny", make(width=48, streams=[2, 4]), train=TRAIN, engine=pool)
    run(tmp_path / "tiny", cells, train=TRAIN, engine=pool, progress=told)
    assert "grows by 7 cells to 9" in told.getvalue()
    assert read(tmp_path / "tiny").equals(undisturbed(tmp_path, cells))


def test_failed_cells_are_told_and_tried_again_on_request(tmp_path, cells, monkeypatch):
    pool, told = ThreadPoolExecutor(1), io.StringIO()
    monkeypatch.setenv("QUICK_TROUBLE", "w48-l2-p2:diverge")
    outcome = run(tmp_path / "tiny", cells, train=TRAIN, engine=pool, progress=told)
    assert (outcome.counts, outcome.complete) == ({"done": 8, "diverged": 1}, False)
    assert outcome.failed == ("w48-l2-p2-49.2k-s0",)
    assert "w48-l2-p2-49.2k-s0  diverged  cell" in told.getvalue()
    monkeypatch.delenv("QUICK_TROUBLE")
    assert not run(tmp_path / "tiny", train=TRAIN, engine=pool).complete
    assert run(tmp_path / "tiny", train=TRAIN, engine=pool, retry=True).complete


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing(tmp_path, make, monkeypatch):
    cells = make(width=[32, 48, 64], streams=[1, 2, 4], seeds=2)
    expected, folder = undisturbed(tmp_path, cells), make_sweep(tmp_path / "tiny", cells).path
    monkeypatch.setenv("QUICK_SECONDS", "0.05")
    program = f"from scalelaw.harness.sweep import work; work({str(folder)!r}, train={TRAIN!r})"
    chance, kills, workers, done = random.Random(0), 0, [], {}
    while kills < 20:
        workers = [each for each in workers if each.poll() is None]
        workers += [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2 - len(workers))]
        time.sleep(chance.uniform(0.3, 0.9))
        os.kill(chance.choice(workers).pid, signal.SIGKILL)  # its own child, which may have ended by itself
        kills += 1
        rows = {path: path.read_bytes() for path in folder.glob("cells/*/row.json")}
        assert {path: rows.get(path) for path in done} == done
        done = rows
    for each in workers:
        each.wait(60)
    assert run(folder, train=TRAIN, engine=ThreadPoolExecutor(1)).complete
    assert read(folder).equals(expected)
    assert {len(each) for each in ended(folder).values()} == {1}


def test_a_killed_sweep_goes_on_from_its_checkpoints(tmp_path, cells, monkeypatch):
    expected, folder = undisturbed(tmp_path, cells), make_sweep(tmp_path / "tiny", cells).path
    monkeypatch.setenv("QUICK_SECONDS", "0.05")
    process = start(tmp_path, folder, 2)
    wait_for(lambda: len(ended(folder)) >= 1 and list(folder.rglob("checkpoint.safetensors")), process)
    process.kill()
    process.communicate()
    wait_for(lambda: "running" not in set(status(folder)["state"]))
    monkeypatch.setenv("QUICK_SECONDS", "0")
    assert run(folder, train=TRAIN, engine=ThreadPoolExecutor(1)).complete
    assert read(folder).equals(expected)
    assert {len(each) for each in ended(folder).values()} == {1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_cleanly(tmp_path, cells, monkeypatch, number):
    folder = make_sweep(tmp_path / "tiny", cells).path
    monkeypatch.setenv("QUICK_SECONDS", "0.2")
    process = start(tmp_path, folder, 2)
    wait_for(lambda: len(list(folder.rglob("checkpoint.safetensors"))) == 2, process)
    os.killpg(process.pid, number)  # to the workers too, as terminals and systems do
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopping" in said
    assert said.rstrip().endswith("the same command goes on")
    assert "Traceback" not in said
    assert len(list(folder.rglob("checkpoint.safetensors"))) == 2
    assert not [*folder.rglob("failed.json"), *folder.rglob("claim.json"), *folder.glob(".stop*")]
    monkeypatch.setenv("QUICK_SECONDS", "0")
    assert run(folder, train=TRAIN, engine=ThreadPoolExecutor(1)).complete


def test_a_second_interrupt_kills(tmp_path, cells, monkeypatch):
    folder = make_sweep(tmp_path / "tiny", cells).path
    monkeypatch.setenv("QUICK_SECONDS", "30")
    process = start(tmp_path, folder, 1)
    wait_for(lambda: list(folder.rglob("begun")), process)
    process.send_signal(signal.SIGINT)
    wait_for(lambda: list(folder.glob(".stop*")), process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    wait_for(lambda: "running" not in set(status(folder)["state"]))


def test_a_worker_that_dies_takes_no_other_along(tmp_path, cells, monkeypatch):
    monkeypatch.setenv("QUICK_TROUBLE", "w64-l2-p4-49.2k-s0:die")  # among the first; the other worker tries it last
    with pytest.raises(HarnessError, match="ended early") as caught:
        run(tmp_path / "tiny", cells, jobs=2, train=TRAIN)
    assert "at w64-l2-p4-49.2k-s0" in str(caught.value)
    assert "8 done" in str(caught.value)
    assert "the same command goes on" in str(caught.value)
    assert len(read(tmp_path / "tiny")) == 8
    monkeypatch.delenv("QUICK_TROUBLE")
    assert run(tmp_path / "tiny", cells, train=TRAIN).complete
    assert {len(each) for each in ended(tmp_path / "tiny").values()} == {1}


def test_the_first_that_failed_is_named_with_its_reason_each_time(tmp_path, cells, monkeypatch):
    monkeypatch.setenv("QUICK_TROUBLE", "w64:diverge")
    for _ in range(2):
        outcome = run(tmp_path / "tiny", cells, train=TRAIN, engine=ThreadPoolExecutor(1))
        first = next(cell for cell in cells if "w64" in cell.name)
        assert (
            outcome.first
            == f"{first.id} {first.name}: cell {first.name} diverged at step 3: the loss is nan; lower the rate"
        )
    assert not outcome.complete


def test_a_full_disk_is_told_once(tmp_path, cells, monkeypatch):
    monkeypatch.setenv("QUICK_TROUBLE", "w64:full")
    with pytest.raises(HarnessError, match="the disk is full") as caught:
        run(tmp_path / "tiny", cells, train=TRAIN, engine=ThreadPoolExecutor(1))
    assert str(caught.value).count("the same command") == 1
    assert not list(tmp_path.rglob("failed.json"))


@pytest.mark.parametrize(
    ("options", "said"),
    [({"engine": "cloud"}, "cloud"), ({"engine": 3}, "no engine"), ({"jobs": 0}, "jobs is 0"), ({"memory": 3}, "memory")],  # noqa: E501
)  # fmt: skip
def test_bad_options_make_no_folder(tmp_path, cells, options, said):
    with pytest.raises(ScalelawError, match=said):
        run(tmp_path / "tiny", cells, train=TRAIN, **options)
    assert not (tmp_path / "tiny").exists()


def test_a_missing_package_is_named_before_any_work(tmp_path, cells, monkeypatch):
    monkeypatch.setattr("scalelaw.harness.sweep.trainers.find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(MissingExtra, match=r"needs the package filelock.*scalelaw\[train\]"):
        run(tmp_path / "tiny", cells, train=TRAIN)
    assert not (tmp_path / "tiny").exists()


def test_a_different_sweep_is_refused(tmp_path, make):
    run(tmp_path / "tiny", make(), train=TRAIN, engine=ThreadPoolExecutor(1))
    with pytest.raises(HarnessError, match="different sweep"):
        run(tmp_path / "tiny", make(width=48), train=TRAIN)


def test_nothing_is_started_where_all_is_done(tmp_path, make):
    run(tmp_path / "tiny", make(), train=TRAIN, engine=ThreadPoolExecutor(1))
    (tmp_path / "tiny" / "runs.parquet").unlink()
    assert run(tmp_path / "tiny", train=TRAIN, engine=Refusing()).complete
    assert len(read(tmp_path / "tiny")) == 1  # the table can always be made again


class Refusing:
    """An engine on which nothing can be started."""

    def submit(self, *_, **__):
        pytest.fail("there was nothing to do")


def test_no_sweep_to_go_on_with(tmp_path):
    with pytest.raises(HarnessError, match="holds no sweep"):
        run(tmp_path / "tiny", train=TRAIN)
