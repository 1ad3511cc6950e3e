"""Progress of a sweep for people, from its folder: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol, TextIO

from scalelaw.harness.sweep.folder import Sweep
from scalelaw.harness.sweep.reporting import Row, goes_on, line, status_rows, summary

EVERY = 60.0  # seconds between plain lines while no cell ends
_SHOWN = ("done", "failed", "diverged")


class Watcher(Protocol):
    """Something that is told now and then to look at the folder."""

    def look(self) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


def watcher(sweep: Sweep, stream: TextIO | None, jobs: int) -> Watcher:
    """The display that suits a stream; silent where there is none."""
    if stream is None:
        return Silent()
    return Live(sweep, stream, jobs) if stream.isatty() else Plain(sweep, stream, jobs)


class Silent:
    """Shows nothing."""

    def look(self) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


class _News:
    """The rows of a sweep, and which of the cells that ended people have been told of."""

    def __init__(self, sweep: Sweep):
        self._sweep = sweep
        self.rows: list[Row] = []
        self._cells: set[str] = set()
        self.look()

    def look(self) -> list[str]:
        """Look again; a line for each cell that has ended since the last look."""
        self.rows = status_rows(self._sweep)
        ended = [row for row in self.rows if row["state"] in _SHOWN and row["cell"] not in self._cells]
        self._cells |= {row["cell"] for row in ended}
        return [line(row) for row in ended]


class Plain:
    """A line when a cell ends or fails, and a summary every minute."""

    def __init__(self, sweep: Sweep, stream: TextIO, jobs: int):
        self._news, self._stream, self._jobs = _News(sweep), stream, jobs
        self._last = time.monotonic()
        if goes_on(self._news.rows):
            self.say(summary(self._news.rows, jobs))

    def look(self) -> None:
        for news in self._news.look():
            self.say(news)
        if time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            self.say(summary(self._news.rows, self._jobs))

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def close(self) -> None:
        self.look()


class Live:
    """A bar of all the training, and a line for each cell that runs."""

    def __init__(self, sweep: Sweep, stream: TextIO, jobs: int):
        from rich.console import Console
        from rich.live import Live as Display

        self._news, self._jobs = _News(sweep), jobs
        self._console = Console(file=stream)
        self._display = Display(console=self._console, auto_refresh=False, transient=True)
        self._display.start()

    def look(self) -> None:
        for news in self._news.look():
            self.say(news)
        self._display.update(self._drawn(self._news.rows), refresh=True)

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        if self._display.is_started:
            self.look()
            self._display.stop()

    def _drawn(self, rows: Sequence[Row]) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        total, remaining = _work(rows)
        bar = ProgressBar(total=total or 1, completed=total - remaining, width=40)
        return Group(
            Text(summary(rows, self._jobs)), bar, *(Text(line(row)) for row in rows if row["state"] == "running")
        )


def _work(rows: Sequence[Row]) -> tuple[float, float]:
    """Steps in all, and those that are still to do."""
    total = sum(row["steps"] for row in rows if row["state"] not in ("failed", "diverged"))
    return total, total - sum(row["step"] for row in rows if row["state"] not in ("failed", "diverged"))
