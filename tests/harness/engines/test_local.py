"""Processes of this machine: what comes back, what a dead one leaves, and who decides about Ctrl-C."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scalelaw.errors import HarnessError
from scalelaw.harness import engines
from scalelaw.harness.torchrun import job_number


@pytest.fixture
def local(tmp_path):
    with engines.get("local", tmp_path, 2) as engine:
        yield engine


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


def test_results_and_errors_come_back(local):
    good, bad = local.submit(math.sqrt, 9.0), local.submit(math.sqrt, -1.0)
    assert good.result() == 3.0
    assert good.done()
    assert good.exception() is None
    assert isinstance(bad.exception(), ValueError)
    with pytest.raises(ValueError, match=r"math domain|nonnegative"):
        bad.result()


def test_every_call_has_its_own_process_with_one_thread(local):
    first, second = local.submit(os.getpid), local.submit(os.getpid)
    threads = local.submit(os.getenv, "OMP_NUM_THREADS")
    assert len({os.getpid(), first.result(), second.result()}) == 3
    assert threads.result() == "1"


def test_the_number_of_threads_is_an_option_and_stays_in_the_child(tmp_path, monkeypatch):
    for name in ("OMP_NUM_THREADS", "NPROC"):  # of torch, and of JAX
        monkeypatch.delenv(name, raising=False)
    with engines.get("local", tmp_path, threads=3) as engine:
        assert [engine.submit(os.getenv, name).result() for name in ("OMP_NUM_THREADS", "NPROC")] == ["3", "3"]
    assert not {"OMP_NUM_THREADS", "NPROC"} & set(os.environ)


def test_every_call_knows_its_number(local):
    """By which jobs side by side take turns on GPUs."""
    numbers = [local.submit(job_number) for _ in range(3)]
    assert [each.result() for each in numbers] == [0, 1, 2]


def test_a_process_that_dies_says_so_and_takes_no_other_along(local):
    dead, alive = local.submit(os._exit, 9), local.submit(math.sqrt, 16.0)
    with pytest.raises(HarnessError, match="a process died before its call ended"):
        dead.result()
    assert alive.result() == 4.0


def test_what_has_begun_is_not_taken_back(local):
    call = local.submit(math.sqrt, 4.0)
    assert call.cancel() is False
    assert call.result() == 2.0


def test_leaving_by_an_error_kills_what_still_runs(tmp_path):
    calls = []

    def interrupted():
        with engines.get("local", tmp_path) as engine:
            calls.append(engine.submit(time.sleep, 600))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(HarnessError, match="died"):
        calls[0].result()


CHILD = """
import os, time
from pathlib import Path

def work(folder):
    Path(folder, f"pid").write_text(str(os.getpid()))
    Path(folder, "pid").rename(Path(folder, "begun"))
    while not Path(folder, "stop").exists():
        time.sleep(0.02)
    return "in peace"
"""
PARENT = """
import signal, sys
from pathlib import Path
from child import work
from scalelaw.harness import engines

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background may have it ignored
    with engines.get("local", "{folder}") as engine:
        call = engine.submit(work, "{folder}")
        try:
            call.result()
        except KeyboardInterrupt:
            Path("{folder}", "stop").touch()
            print(call.result())
"""


@pytest.fixture
def program(tmp_path):
    """A program in a process group of its own that has submitted a call, and the call's process has begun."""
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "parent.py").write_text(PARENT.format(folder=tmp_path))
    command = [sys.executable, tmp_path / "parent.py"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            wait_for(tmp_path / "begun")
            yield process
        finally:
            process.kill()


def test_ctrl_c_reaches_the_parent_which_lets_the_child_end_in_peace(program):
    os.killpg(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert (out, err, program.returncode) == ("in peace\n", "", 0)


def test_a_child_ends_with_a_parent_that_is_killed(program):
    program.kill()
    out, _ = program.communicate(timeout=60)  # ends when the child, which holds the other end too, has ended
    assert out == ""
