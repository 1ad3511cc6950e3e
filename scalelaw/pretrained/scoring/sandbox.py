"""A Python program of unknown intent, run in a process of its own with little time, memory and reach.

It stops accidents and plain attempts. It is no sandbox against malice: it watches from within the same Python, where
whoever sets out to can find a way around it. For that, run the whole evaluation in a container.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from typing import Literal

from scalelaw.errors import PretrainedError

Outcome = Literal["passed", "failed", "timed out"]

_GUARD = """
import _signal, json, os, posix, pwd, resource, signal, sys, time
given = json.loads(sys.stdin.read())
result = os.dup(1)
nothing = os.open(os.devnull, os.O_RDWR)
for each in (0, 1, 2):
    os.dup2(nothing, each)
def become_nobody():  # where nobody can read Python's own files; else the program is held by the rest alone
    try:
        user = pwd.getpwnam("nobody").pw_uid
        os.setgroups([])
        os.setegid(user)
        os.seteuid(user)
        for each in filter(os.path.exists, sys.path):
            os.listdir(each) if os.path.isdir(each) else os.close(os.open(each, os.O_RDONLY))
        os.close(os.open(os.__file__, os.O_RDONLY))
    except (KeyError, OSError):
        os.seteuid(0)
        os.setegid(0)
        return
    os.seteuid(0)
    os.setgid(user)
    os.setuid(user)
if os.geteuid() == 0:
    become_nobody()
limits = {"AS": given["memory"], "DATA": given["memory"], "CPU": given["cpu"], "FSIZE": 0, "CORE": 0, "NPROC": 0}
for name, most in limits.items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
refused = (
    "socket.", "subprocess.", "ctypes.", "shutil.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
    "os.startfile", "os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod",
    "os.chown", "os.truncate", "os.utime", "os.setxattr", "os.removexattr", "os.chflags", "os.lockf", "os.putenv",
    "signal.pthread_kill", "pty.", "fcntl.", "syslog.", "webbrowser.", "urllib.", "http.", "ftplib.", "smtplib.",
    "sys.settrace", "sys.setprofile", "sys._current_", "gc.get_", "code.__new__", "sqlite3.", "os.listxattr",
    "resource.", "cpython.PyInterpreterState_New",
)
unwatched = (  # what reaches beyond the program, and what could undo limits, and is no event
    "mkfifo", "mknod", "setpriority", "nice", "chroot", "umask", "pidfd_open", "pidfd_send_signal", "memfd_create",
    "copy_file_range", "sendfile", "splice", "sched_setaffinity", "sched_setparam", "sched_setscheduler", "unshare",
    "setns", "setuid", "setgid", "seteuid", "setegid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups",
    "initgroups", "setpgid", "setsid", "tcsetpgrp", "setitimer",
    "openpty", "posix_openpt", "clock_settime", "clock_settime_ns",
)
again = ("posix", "_signal", "time")  # a second copy would have all of it again
absent = again + (  # modules that make files, processes or interpreters, or read, and of which nobody is told
    "_posixsubprocess", "_posixshmem", "_multiprocessing", "_interpreters", "_xxsubinterpreters", "_ctypes", "_dbm",
    "_gdbm", "_tkinter", "readline", "spwd", "_testcapi", "_testinternalcapi",
)
sys.builtin_module_names = tuple(each for each in sys.builtin_module_names if each not in again)
for module in (os, posix, signal, _signal, time):
    for name in unwatched:
        vars(module).pop(name, None)
starting = type(sys)("_posixsubprocess")  # what subprocess starts processes with
sys.modules["_posixsubprocess"] = starting
def fork_exec(*given, stop=PermissionError):
    raise stop("fork_exec")
starting.fork_exec = fork_exec
frames = ("tb_frame", "gi_frame", "cr_frame", "ag_frame")  # which lead to those of the guard
library = tuple(os.path.join(each, "") for each in sys.path if each)
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def watch(event, arguments, refused=refused, writing=writing, frames=frames, library=library, isinstance=isinstance,
          str=str, any=any, type=type, stop=PermissionError, too_deep=ValueError, absent=absent, missing=ImportError):
    if event.startswith(refused):
        raise stop(event)
    if event == "import":
        name, file = arguments[0], arguments[1] or ""  # the file of an extension, whatever name it is loaded by
        if type(name) is not str or name in absent or file.rpartition("/")[2].partition(".")[0] in absent:
            raise missing(event)
    if event == "sys._getframe":  # as where there is no such frame, which namedtuple and logging put up with
        raise too_deep(event)
    if event == "object.__getattr__" and arguments[1] in frames:
        raise stop(event)
    if event == "open" and (
        (isinstance(arguments[1], str) and any(letter in arguments[1] for letter in "wax+")) or arguments[2] & writing
    ):
        raise stop(event)
    if event in ("open", "os.listdir", "os.scandir"):
        path = arguments[0]
        if type(path) is not str or ".." in path or not (path + "/").startswith(library):
            raise stop(event)
def run(program, token, result, write=os.write, compile=compile, exec=exec, hook=sys.addaudithook):
    hook(watch)
    exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    write(result, token.encode())
program, token = given.pop("program"), given.pop("token")
sys.modules["__main__"] = type(sys)("__main__")  # the program's own, and not this one
run(program, token, result)
"""


def run_limited(program: str, *, seconds: float = 3.0, megabytes: int = 512) -> Outcome:
    """Run a program and say whether it came to its end without an exception.

    It has so many seconds and so much memory; it cannot write a file, read one but those of Python's standard library,
    start a process or open a socket, sees no environment and no installed packages, and what it prints is thrown away.
    Asked by root, it runs as nobody, where nobody can read Python's standard library.
    A program that exits before its end has failed, whatever it exits with. This stops accidents, and is no sandbox
    against malice: run programs of someone who means harm in a container.

    Parameters
    ----------
    program : str
        Python, tests included.
    seconds : float
        Of the clock.
    megabytes : int
        Of address space.

    Raises
    ------
    PretrainedError
        If this system has no such limits.

    >>> run_limited("assert 1 + 1 == 2"), run_limited("assert 1 + 1 == 3"), run_limited("import os; os._exit(0)")
    ('passed', 'failed', 'failed')
    """
    if os.name != "posix":
        raise PretrainedError("programs can be run with limits on Linux and macOS alone; evaluate in a container")
    token = secrets.token_hex(16)
    given = {"program": program, "token": token, "memory": megabytes * 2**20, "cpu": int(seconds) + 1}
    with tempfile.TemporaryDirectory() as folder:
        started = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        try:
            said, _ = started.communicate(json.dumps(given).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            return "timed out"
        finally:
            _end(started)
    return "passed" if said == token.encode() else "failed"


def _end(started: subprocess.Popen[bytes]) -> None:
    """Whatever of it is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(started.pid, signal.SIGKILL)
    started.communicate()
