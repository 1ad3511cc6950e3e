"""The shell as a process of its own: exit status, streams, interrupts, pipes, imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHELL = [sys.executable, "-m", "scalelaw"]


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SHELL, *arguments], capture_output=True, text=True, timeout=120, check=False, **options)


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_a_fit_goes_to_standard_output_and_nothing_else_does() -> None:
    done = run("fit", "parscale-pile", "--law", "parscale")
    assert done.returncode == 0
    assert "parscale" in done.stdout
    assert done.stderr == ""


def test_what_was_written_is_said_on_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    done = run("fit", "parscale-pile", "--law", "parscale", "--json", "-o", str(path))
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(path.read_text())
    assert done.stderr == f"wrote {path}\n"


def test_could_not_and_usage_differ() -> None:
    assert run("fit", "nowhere.csv", "--law", "parscale").returncode == 1
    assert run("fit", "nowhere.csv").returncode == 2
    assert run().returncode == 2


def test_a_reader_that_has_gone_ends_the_run_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*SHELL, "datasets", "porian"], stdout=write, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


INTERRUPTED_WRITE = """
import os, signal, sys
from scalelaw.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with interrupts ignored
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGINT)
main(["fit", "parscale-pile", "--law", "parscale", "-o", sys.argv[1]])
"""


def test_an_interrupted_write_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    path.write_text("an older fit")
    done = python(INTERRUPTED_WRITE, str(path))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert path.read_text() == "an older fit"
    assert [each.name for each in tmp_path.iterdir()] == ["fit.json"]


MODULES_USED = """
import sys
from scalelaw.cli import main
try:
    main(["fit", "parscale-pile", "--law", "parscale"])
except SystemExit:
    print(" ".join({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def test_a_fit_starts_without_heavy_imports() -> None:
    used = set(python(MODULES_USED).stderr.split())
    assert "numpy" in used
    assert used & {"pandas", "scipy", "matplotlib", "lmfit", "rich"} == set()


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = run("fit", "parscale-pile", "--law", "parscale", "-o", str(tmp_path / "fit.json"))
    tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert "cannot write" in done.stderr
