"""Programs that end well, badly, never, and too soon; and what they cannot do meanwhile."""

import os
import pathlib
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
        "import sys; del sys.modules['posix']; import posix; posix.mkfifo('{place}')",
        "import importlib.util as u, posix; u.module_from_spec(posix.__spec__).mkfifo('{place}')",
        "import sys; del sys.modules['_posixsubprocess']; from _posixsubprocess import fork_exec",
        "import sys; del sys.modules['time']; import time",
        "import time; time.clock_settime",
        "import _posixshmem",
        "import readline; readline.write_history_file('{place}')",
        "try: import _interpreters as i\nexcept ImportError: import _xxsubinterpreters as i\n"
        "i.run_string(i.create(), \"import os; os.mkfifo('{place}')\")",
        "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
        "import socket; socket.socket()",
        "import ctypes; ctypes.CDLL(None)",
        "import shutil; shutil.rmtree('{kept}')",
        "open('{kept}').read()",
        "open(b'{kept}').read()",
        "import pathlib; pathlib.Path('{kept}').read_text()",
        "import os; os.read(os.open('{kept}', os.O_RDONLY), 9)",
        "import os; open(os.path.dirname(os.__file__) + '/..' * 20 + '{kept}').read()",
        "import os; os.chdir('/'); open('{kept}'[1:]).read()",
        "import os; os.listdir('/')",
        "import sqlite3; sqlite3.connect('{place}')",
        "import os; os.mkfifo('{place}')",
        "import posix; posix.mknod('{place}')",
        "from _posixsubprocess import fork_exec as f; import os\n"
        "r, w = os.pipe(); f([b'rm', b'{kept}'], [b'/bin/rm'], True, (w,), None, None, -1, -1, -1, -1, -1, -1, r, w,"
        " False, False, -1, None, None, None, -1, None, False)",
        "class S(str):\n    def startswith(self, *_): return True\n    def __contains__(self, _): return False\n"
        "    def __add__(self, _): return self\nopen(S('{kept}')).read()",
        "import resource, os; resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
        "import os; os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0))",
        "import os; os.setpriority(os.PRIO_PROCESS, os.getppid(), 1)",
        "import os, signal; signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)",
    ],
)
def test_what_a_program_cannot_do(attempt, tmp_path):
    kept, place = tmp_path / "kept", tmp_path / "place"
    kept.write_text("here")
    assert run_limited(attempt.format(place=place, kept=kept), seconds=20) == "failed"
    assert kept.read_text() == "here"
    assert not place.exists()


TELL = (
    "import os\nfor fd in range(3, 9):\n    try: os.write(fd, token.encode())\n    except OSError: pass\nos._exit(0)\n"
)


@pytest.mark.parametrize(
    "find",
    [
        "import sys; token = sys._getframe(1).f_locals['token']",
        "import __main__; token = __main__.token",
        "import __main__; token = __main__.given['token']",
        "import sys; token = sys._current_frames().popitem()[1].f_back.f_locals['token']",
        "try: 1 / 0\nexcept Exception as e: token = e.__traceback__.tb_frame.f_back.f_locals['token']",
        "g = (g.gi_frame.f_back.f_back for _ in [0])\ntoken = next(g).f_locals['token']",
    ],
)
def test_a_program_does_not_find_the_word_that_says_it_has_passed(find):
    assert run_limited(f"{find}\n{TELL}assert False", seconds=20) == "failed"


@pytest.mark.parametrize(
    "program",
    [
        "from collections import namedtuple; assert namedtuple('P', 'x y')(1, 2).y == 2",
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\nassert P(1).x == 1",
        "from enum import Enum; assert Enum('E', 'a b').a.value == 1",
        "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\nassert D(1).x == 1",
        "import logging; logging.warning('x')",
        "import heapq, bisect, string, decimal, fractions, statistics, datetime, json, random, operator, queue",
        "def g():\n    yield from (1, 2)\nassert sum(g()) == 3",
        "import contextlib\nwith contextlib.suppress(ValueError): int('x')",
        "assert __name__ == '__main__'",
    ],
)
def test_what_programs_commonly_do_they_can(program):
    assert run_limited(program, seconds=20) == "passed"


SYSTEM = pathlib.Path("/usr/bin/python3")


@pytest.mark.skipif(
    not SYSTEM.exists() or sys.platform == "win32" or os.geteuid() != 0,
    reason="needs root, and a Python that nobody can read",
)
def test_of_root_it_runs_as_nobody(monkeypatch):
    monkeypatch.setattr(sys, "executable", str(SYSTEM))
    program = "import os, decimal, bisect\nassert 0 not in os.getresuid() + os.getresgid() and os.getgroups() == []"
    assert run_limited(program, seconds=20) == "passed"


def test_it_sees_no_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "word")
    assert run_limited("import os; assert 'SECRET' not in os.environ", seconds=20) == "passed"
