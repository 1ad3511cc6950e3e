"""A real Slurm cluster of one node, started here: results, errors, jobs that are stopped, killed or taken back."""

import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from scalelaw.errors import HarnessError
from scalelaw.harness import engines

pytestmark = pytest.mark.slow


def say(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


@pytest.fixture
def slurm(slurm_cluster, tmp_path):
    with engines.get("slurm", tmp_path, 2, partition="debug", time=2, memory=0.05) as engine:
        yield engine


# Functions inside functions: they travel by value, as a job cannot import the tests.


def test_results_come_back_from_jobs_with_one_thread(slurm, tmp_path):
    def work(folder, *, factor):
        import os

        return folder, 6 * factor, os.environ["SLURM_JOB_ID"], os.environ["OMP_NUM_THREADS"]

    calls = [slurm.submit(work, tmp_path, factor=factor) for factor in (7, 8)]
    assert [call.result() for call in calls] == [
        (tmp_path, 42, calls[0].job_id, "1"),
        (tmp_path, 48, calls[1].job_id, "1"),
    ]
    assert calls[0].exception() is None
    assert calls[0].cancel() is False
    assert list((tmp_path / "slurm").glob("*_result.pkl"))


def test_an_error_comes_back_as_what_it_was(slurm):
    def work():
        raise HarnessError("the corpus is too short")

    error = slurm.submit(work).exception()
    assert isinstance(error, HarnessError)
    assert str(error) == "the corpus is too short"
    assert "in work" in error.__notes__[0]


@pytest.mark.parametrize("how", ["time is up", "preempted"])
def test_a_job_that_is_stopped_is_called_again_and_goes_on(slurm, tmp_path, how, until):
    def work(folder):
        """Leaves a checkpoint and waits for its end the first time; goes on from the checkpoint the second time."""
        import os
        import time

        checkpoint = folder / "checkpoint"
        if checkpoint.exists():
            return checkpoint.read_text(), os.environ["SLURM_RESTART_COUNT"]
        checkpoint.write_text("step 5")
        return time.sleep(600)

    call = slurm.submit(work, tmp_path)
    until((tmp_path / "checkpoint").exists, "the first run")
    if how == "time is up":  # the signal that Slurm sends before the limit, without waiting for it
        subprocess.run(["scancel", "--signal=USR2", call.job_id], check=True)
    else:
        subprocess.run(["scontrol", "requeue", call.job_id], check=True)
    assert call.result() == ("step 5", "1")


def test_a_job_that_is_killed_says_so_and_where_to_look(slurm):
    def work():
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)

    call = slurm.submit(work)
    with pytest.raises(HarnessError) as error:
        call.result()
    assert str(error.value).startswith(f"the Slurm job {call.job_id} ended without a result (state FAILED): see /")


def test_a_waiting_job_can_be_taken_back_and_a_running_one_cannot(slurm, tmp_path, until):
    def work(folder):
        import time

        (folder / "begun").touch()
        while not (folder / "stop").exists():
            time.sleep(0.1)
        return "in peace"

    runs = slurm.submit(work, tmp_path)
    until((tmp_path / "begun").exists, "the job")
    held = engines.get("slurm", tmp_path, 1, additional_parameters={"begin": "now+1hour"}).__enter__()
    waits = held.submit(work, tmp_path)
    assert (runs.cancel(), waits.cancel()) == (False, True)
    assert isinstance(waits.exception(), CancelledError)
    assert not runs.done()
    (tmp_path / "stop").touch()
    assert runs.result() == "in peace"


def test_leaving_by_an_error_ends_the_jobs(slurm_cluster, tmp_path, until):
    def interrupted():
        with engines.get("slurm", tmp_path) as engine:
            engine.submit(time.sleep, 600)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    until(lambda: say("squeue", "--noheader") == "", "the job to end")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"partitoin": "debug"},
            r"the engine slurm has no option 'partitoin': there are account, .* partition, .*time",
        ),
        ({"cpus": "two"}, r"cannot use an option: .*cpus_per_task.*two"),
    ],
)
def test_a_wrong_option_is_refused_with_the_right_ones(slurm_cluster, tmp_path, options, message):
    with pytest.raises(HarnessError, match=message) as error:
        engines.get("slurm", tmp_path, **options)
    assert "\n" not in str(error.value)


def test_what_slurm_refuses_is_said_in_a_sentence(slurm_cluster, tmp_path):
    with engines.get("slurm", tmp_path, partition="nowhere") as engine, pytest.raises(HarnessError) as error:
        engine.submit(time.sleep, 0)
    assert str(error.value).startswith("Slurm refused the job (invalid partition specified: nowhere; ")
    assert "\n" not in str(error.value)


def test_a_machine_without_slurm_says_so(tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(HarnessError, match=r"there is no Slurm here .* choose the engine local or ray"):
        engines.get("slurm", tmp_path)
