"""Programs that end well, badly, never, and too soon; and what they cannot do meanwhile."""

import sys

import pytest

from scalelaw.pretrained.scoring import run_limited

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the limits of POSIX")


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        (
            "import math, typing, re, itertools, collections, hashlib, functools, copy\nassert math.gcd(4, 6) == 2",
            "passed",
        ),
        ("print('x' * 10**6)", "passed"),
        ("assert False", "failed"),
        ("raise SystemExit(0)", "failed"),
        ("import os; os._exit(0)", "failed"),
        ("def", "failed"),
        ("x = 'a' * 2**30", "failed"),
        ("def f(): return f()\nf()", "failed"),
        ("import sys; sys.stdout.write('passed')\nassert False", "failed"),
    ],
)
def test_how_programs_end(program, outcome):
    assert run_limited(program, seconds=20) == outcome


def test_a_program_without_end_is_ended():
    assert run_limited("while True: pass", seconds=0.5) == "timed out"
    assert run_limited("import time; time.sleep(60)", seconds=0.5) == "timed out"


@pytest.mark.parametrize(
    "attempt",
    [
        "open('{place}', 'w').write('x')",
        "import os; os.close(os.open('{place}', os.O_CREAT | os.O_WRONLY))",
        "import pathlib; pathlib.Path('{place}').write_text('x')",
        "import os; os.system('touch {place}')",
        "import subprocess; subprocess.run(['touch', '{place}'])",
        "import os; os.fork()",
        "import os; os.remove('{kept}')",
        "import os; os.rename('{kept}', '{place}')",
        "import os; os.mkdir('{place}')",
        "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
        "import socket; socket.socket()",
        "import ctypes; ctypes.CDLL(None)",
        "import shutil; shutil.rmtree('{kept}')",
    ],
)
def test_what_a_program_cannot_do(attempt, tmp_path):
    kept, place = tmp_path / "kept", tmp_path / "place"
    kept.write_text("here")
    assert run_limited(attempt.format(place=place, kept=kept), seconds=20) == "failed"
    assert kept.read_text() == "here"
    assert not place.exists()


def test_it_sees_no_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "word")
    assert run_limited("import os; assert 'SECRET' not in os.environ", seconds=20) == "passed"
