"""A plan for people: a table of its cells, and a line of what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scalelaw.harness.sweep import calibrate
from scalelaw.harness.sweep.planning import Row
from scalelaw.harness.sweep.reporting import duration


def text(rows: Sequence[Row], jobs: int = 1, together: int = 1, *, engine: str = "local") -> str:
    """The rows as a table, and what they come to on some jobs, each of which trains some cells together."""
    titles = ("cell", "N", "N_backbone", "P", "D", "FLOPs", "memory", "time")
    named = Counter(row["name"] for row in rows)
    lines = [titles, *(_cells(row, tell=named[row["name"]] > 1) for row in rows)]
    widths = [max(len(each[column]) for each in lines) for column in range(len(titles))]
    table = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    return "\n".join([*table, total(rows, jobs, together, engine=engine)])


def total(rows: Sequence[Row], jobs: int = 1, together: int = 1, *, engine: str = "local") -> str:
    """One line: cells, FLOPs, the most memory at once, time."""
    left = [row for row in rows if not row["done"]]
    count = f"{len(rows)} cell{'s' if len(rows) != 1 else ''}"
    if not left:
        return f"{count}, all of them done"
    most = sum(sorted((row["memory"] for row in left), reverse=True)[: jobs * together])
    count += f", {len(left)} of them to do" if len(left) < len(rows) else ""
    return (
        f"{count}, {sum(row['FLOPs'] for row in left):.3g} FLOPs; {_time(left, jobs, engine)}, and at most "
        f"{_size(most)} beside what Python and its packages take"
    )


def _time(left: Sequence[Row], jobs: int, engine: str) -> str:
    times = [row["seconds"] for row in left]
    if None in times:
        return "the time is not known, as this machine has no such device"
    side = f"{jobs} jobs" if jobs > 1 else "1 job"
    whose = "" if engine == "local" else ", were they all as fast as this machine"
    return f"with {side} about {duration(calibrate.in_all(times, jobs))}{whose}"


def _cells(row: Row, *, tell: bool) -> tuple[str, ...]:
    """``tell`` it from another cell of its name, which differs in what names leave out."""
    whole = tuple(f"{row[name]:,}" for name in ("N", "N_backbone", "P", "D"))
    return (
        f"{row['name']} {row['cell']}" if tell else row["name"],
        *whole,
        f"{row['FLOPs']:.3g}",
        _size(row["memory"]),
        "done" if row["done"] else "not known" if row["seconds"] is None else duration(row["seconds"]),
    )


def _size(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
