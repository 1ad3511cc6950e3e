"""One row of the table per target: how it reads as a line and as Markdown."""

from __future__ import annotations

import datetime
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import scalelaw
from benchmarks.timing import Timing

HEADINGS = ("what", "baseline, CPU", "scalelaw, CPU", "ratio (range over rounds)", "objective gap", "target", "met")


@dataclass(frozen=True)
class Row:
    """What was compared and what came out; ``met`` is None where nothing was promised or measured.

    ``gap`` is how far this package's objective lies above the best one known, relative; below 0 it is better.
    """

    what: str
    target: str
    met: bool | None
    baseline: float | None = None
    ours: float | None = None
    ratio: float | None = None
    ratio_range: tuple[float, float] | None = None
    gap: float | None = None
    note: str = ""

    @classmethod
    def timed(
        cls, what: str, target: str, met: bool | None, timing: Timing, gap: float | None = None, note: str = ""
    ) -> Row:
        """A row of a side-by-side timing."""
        span = (min(timing.ratios), max(timing.ratios))
        return cls(what, target, met, timing.baseline_seconds, timing.ours_seconds, timing.ratio, span, gap, note)

    def cells(self) -> tuple[str, ...]:
        """The row as text, one string a heading."""
        ratio = "" if self.ratio is None else f"{significant(self.ratio)}x"
        if self.ratio_range:
            ratio += f" ({' to '.join(significant(end) for end in self.ratio_range)})"
        gap = "" if self.gap is None else f"{self.gap:.0e}"
        met = {True: "met", False: "NOT MET", None: "not measured" if self.ours is None else "no promise"}[self.met]
        return self.what, duration(self.baseline), duration(self.ours), ratio, gap, self.target, met

    def line(self) -> str:
        """The row as one line, with its note."""
        what, baseline, ours, ratio, gap, target, met = self.cells()
        facts = [
            f"baseline {baseline}" if baseline else "",
            f"scalelaw {ours}" if ours else "",
            ratio,
            f"gap {gap}" if gap else "",
            f"target: {target}: {met}" if target else met,
            self.note,
        ]
        return f"{what}: " + "; ".join(fact for fact in facts if fact)


def significant(value: float) -> str:
    """A ratio with three significant digits, two where it is near or below 1, and no exponent."""
    return f"{float(f'{value:.3g}'):,.{0 if value >= 99.95 else 1 if value >= 1.995 else 2}f}"


def duration(seconds: float | None) -> str:
    """Seconds as a person reads them."""
    if seconds is None:
        return ""
    if seconds < 0.1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"


def markdown(rows: Iterable[Row]) -> str:
    """The table, its notes below it and the machine below those."""
    rows = list(rows)
    notes = {row.note: str(number) for number, row in enumerate((row for row in rows if row.note), start=1)}
    lines = [HEADINGS, tuple("---" for _ in HEADINGS)]
    for row in rows:
        what, *rest = row.cells()
        lines.append((f"{what} [{notes[row.note]}]" if row.note else what, *rest))
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    listed = "\n".join(f"{number}. {note}" for note, number in notes.items())
    return f"{table}\n\n{listed}\n\n{machine()}\n"


def machine(threads: str = "one thread", names: Iterable[str] = ("numpy", "scipy", "pandas", "typer")) -> str:
    """Date, processor, Python and library versions: what the numbers belong to."""
    return (
        f"{datetime.date.today().isoformat()}, {processor()}, {platform.system()} {platform.release()}, {threads}; "
        f"Python {platform.python_version()}, scalelaw {scalelaw.__version__}, "
        f"{', '.join(f'{name} {version(name)}' for name in names)}."
    )


def processor() -> str:
    """The processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        fields = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        named = [value.strip() for key, _, value in fields if key.strip() == "model name"]
        if named:
            return f"{named[0]} ({len(named)} cores)"
    return platform.processor() or platform.machine()


def progress(message: str) -> None:
    """Say on standard error what is being measured, so that standard output holds results alone."""
    print(message, file=sys.stderr, flush=True)
