"""Processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from scalelaw.errors import HarnessError
from scalelaw.harness.engines import threads as limits
from scalelaw.harness.torchrun import JOB_NUMBER


class Local:
    """One process a call, from ``concurrent.futures``: one that dies takes no other along.

    The processes are spawned, so functions and arguments must be picklable and importable, and a script that submits
    needs its ``if __name__ == "__main__":``. They ignore Ctrl-C and SIGTERM, which terminals and systems send to them
    too: it is for the parent to say what comes next. They stop when the parent is killed.

    Parameters
    ----------
    threads : int
        Threads of torch in each process.
    """

    def __init__(self, *, threads: int = 1):
        if threads < 1 or threads != int(threads):
            raise HarnessError(f"threads is {threads}: a process needs a whole number of them, at least 1")
        self._threads = int(threads)
        self._calls: list[tuple[ProcessPoolExecutor, Connection]] = []

    @staticmethod
    def check_here() -> None:
        """Any machine has processes."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Call:
        """Call ``fn(*args, **kwargs)`` in a process of its own."""
        spawn, number = multiprocessing.get_context("spawn"), len(self._calls)
        theirs, ours = spawn.Pipe(duplex=False)
        pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(theirs, self._threads, number))
        self._calls.append((pool, ours))
        with theirs, limits.inherited(self._threads), _interrupts_held():
            return Call(pool.submit(fn, *args, **kwargs))

    def __enter__(self) -> Local:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for pool, lifeline in self._calls:
            if kind is not None:
                lifeline.close()
            pool.shutdown()
            lifeline.close()


class Call:
    """A future of ``concurrent.futures`` that says in a sentence that its process died."""

    def __init__(self, future: Future[Any]):
        self._future = future
        self.done = future.done
        self.cancel = future.cancel

    def exception(self) -> BaseException | None:
        """Wait, then return what was raised, or None."""
        error = self._future.exception()
        if isinstance(error, BrokenProcessPool):
            died = HarnessError(
                "a process died before its call ended: killed, out of memory, or unable to import what it should call; "
                "what it wrote is kept, run again to go on"
            )
            died.__cause__ = error
            return died
        return error

    def result(self) -> Any:
        """Wait, then return the result or raise."""
        error = self.exception()
        if error is not None:
            raise error
        return self._future.result()


def _begin(lifeline: Connection, threads: int, number: int) -> None:
    """What a process does before its call."""
    os.environ[JOB_NUMBER] = str(number)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # for what the inherited mask does not reach
    limits.limit(threads)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    """End this process as a kill would once the other end is closed: by the parent, or because there is no parent."""
    lifeline.poll(None)
    os._exit(1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM from a process that is being started and cannot ignore them yet: it inherits the mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
