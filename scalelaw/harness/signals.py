"""A clean stop on Ctrl-C or a request of the system to end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Within it SIGTERM, with which systems and `timeout` ask a process to end, is what Ctrl-C is."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stop_on_signals(*, insist: bool = True) -> Iterator[Callable[[], bool]]:
    """Within it SIGINT and SIGTERM only make the function that it gives say yes; the second ends the process.

    Parameters
    ----------
    insist : bool
        Whether the second counts. Under ``torchrun`` it must not: on Ctrl-C the terminal sends one signal to each
        process and ``torchrun`` another.
    """
    asked: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        if asked and insist:
            raise KeyboardInterrupt
        asked.append(number)

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
