"""How a sweep is doing, cell by cell and in all, from its folder alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.harness.cell import CHECKPOINT, Cell
from scalelaw.harness.corpus.sources import HELD_OUT
from scalelaw.harness.sweep.folder import Sweep, open_sweep, read_json
from scalelaw.harness.sweep.naming import names_of
from scalelaw.harness.sweep.states import abandoned, failure, state, torn

if TYPE_CHECKING:
    import pandas as pd

STATES = ("done", "running", "failed", "diverged", "waiting", "to do")
Row = dict[str, Any]


def status(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """What each cell of a sweep is at.

    Returns
    -------
    DataFrame
        A row a cell: ``cell`` (its id), ``name``, ``state`` (done, running, failed, diverged, waiting for the cell it
        goes on from, to do), ``step`` and ``steps``, ``loss`` (held-out where done, else of the last training step),
        ``seconds`` (trained so far), ``time_left`` (seconds still to do, the last evaluation included, estimated from
        what cells of about the same size took; NaN while nothing was measured), ``host``, ``message`` (why it failed,
        or that the process which trained it died).

    Raises
    ------
    HarnessError
        If the folder holds no sweep.
    """
    import pandas as pd

    rows = status_rows(open_sweep(folder))
    return pd.DataFrame(rows).astype(dict.fromkeys(("loss", "seconds", "time_left"), "float64"))


def status_rows(sweep: Sweep) -> list[Row]:
    """The rows of :func:`status`, with None where nothing is known."""
    names = names_of(sweep.cells)
    rows = [_row(sweep, cell, names[cell.id]) for cell in sweep.cells]
    speeds, known = _speeds(sweep.cells, rows), _held_out(sweep, rows)
    for cell, row in zip(sweep.cells, rows, strict=True):
        row["time_left"] = _time_left(cell, row, speeds, known or cell.held_out or HELD_OUT)
    return rows


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Cells by state; states that no cell is in are left out, except done."""
    counted = Counter(row["state"] for row in rows)
    return {each: counted[each] for each in STATES if counted[each] or each == "done"}


def goes_on(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a cell is left that may still be trained without being asked for again."""
    return any(row["state"] in ("running", "waiting", "to do") for row in rows)


def left(rows: Sequence[Mapping[str, Any]], jobs: int | None = None) -> float | None:
    """Seconds until a sweep ends, None while nothing was measured.

        max(sum of the cells' seconds left / jobs, the longest of them)

    ``jobs`` is the number of cells that run now where it is not given, and at least 1.
    """
    times = [row["time_left"] for row in rows if row["state"] in ("running", "waiting", "to do")]
    if any(each is None for each in times):
        return None
    jobs = jobs or max(sum(row["state"] == "running" for row in rows), 1)
    return max(sum(times) / jobs, max(times, default=0.0))


def summary(rows: Sequence[Mapping[str, Any]], jobs: int | None = None) -> str:
    """One line: ``12 cells: 3 done, 2 running, 7 to do; about 25 min left``."""
    known = ", ".join(f"{count} {each}" for each, count in counts(rows).items())
    remaining = left(rows, jobs)
    more = f"; about {duration(remaining)} left" if remaining else ""
    return f"{len(rows)} cell{'s' if len(rows) != 1 else ''}: {known}{more}"


def line(row: Mapping[str, Any]) -> str:
    """One cell in a line."""
    who = f"{row['cell']}  {row['name']}"
    loss = "" if row["loss"] is None else f"  loss {row['loss']:.4f}"
    if row["state"] == "running":
        remaining = "" if row["time_left"] is None else f"  {duration(row['time_left'])} left"
        return f"{who}  running  step {row['step']}/{row['steps']}{loss}{remaining}"
    if row["message"]:
        return f"{who}  {row['state']}  {row['message']}"
    took = f"  {duration(row['seconds'])}" if row["state"] == "done" and row["seconds"] is not None else ""
    return f"{who}  {row['state']}{loss}{took}"


def text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The summary, and a line for each cell that runs, failed, or lost the process that trained it."""
    return "\n".join([summary(rows), *(line(row) for row in rows if row["state"] == "running" or row["message"])])


def duration(seconds: float) -> str:
    """
    >>> duration(42), duration(150), duration(9000)
    ('42 s', '2.5 min', '2.5 h')
    """
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}" if seconds < 100 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _row(sweep: Sweep, cell: Cell, name: str) -> Row:
    folder, now = sweep.folder(cell), state(sweep, cell)
    row: Row = {"cell": cell.id, "name": name, "state": now, "step": 0, "steps": cell.steps}
    row |= dict.fromkeys(("loss", "seconds", "time_left", "host", "message"))
    progress = read_json(folder / "progress.json") or {}
    row |= {name: progress.get(name) for name in ("loss", "seconds", "host")} | {"step": progress.get("step", 0)}
    if now == "done":
        finished = read_json(folder / "row.json") or {}
        row |= {name: finished.get(name) for name in ("loss", "seconds")} | {"step": cell.steps}
    elif now in ("failed", "diverged"):
        why = _why(folder)
        row |= {"loss": None, "message": why.get("message"), "host": why.get("host")}
        row |= {} if why.get("step") is None else {"step": why["step"]}
    elif now == "running":
        row["host"] = (read_json(folder / "claim.json") or {}).get("host", row["host"])
    else:
        row["message"] = _death(folder)
    return row


def _why(folder: Path) -> dict[str, Any]:
    if torn(folder):
        return {"message": f"{folder / 'row.json'} is torn; delete it, and the cell is trained again"}
    return failure(folder) or {"message": "failed.json is torn; try again with --retry"}


def _death(folder: Path) -> str | None:
    """That a process died in the cell, and what is left of its work."""
    if not abandoned(folder) or not (folder / "claim.json").exists():  # a cell may have ended between the two looks
        return None
    claim = read_json(folder / "claim.json") or {}
    who = f" (process {claim['pid']} on {claim['host']})" if {"pid", "host"} <= set(claim) else ""
    kept = "it goes on from its checkpoint" if (folder / CHECKPOINT).exists() else "there is no checkpoint yet"
    return f"what trained it{who} died; {kept}"


def _speeds(cells: Sequence[Cell], rows: Sequence[Row]) -> dict[float, tuple[float, float]]:
    """FLOPs and seconds measured, by the size of a step in FLOPs."""
    speeds: dict[float, tuple[float, float]] = {}
    for cell, row in zip(cells, rows, strict=True):
        if row["seconds"] and row["step"] and row["state"] not in ("failed", "diverged"):
            size = cell.step_C
            flops, seconds = speeds.get(size, (0.0, 0.0))
            speeds[size] = flops + size * row["step"], seconds + row["seconds"]
    return speeds


def _held_out(sweep: Sweep, rows: Sequence[Row]) -> int | None:
    """Tokens of the evaluation at the end, as a finished cell says."""
    for cell, row in zip(sweep.cells, rows, strict=True):
        if row["state"] == "done":
            finished = read_json(sweep.folder(cell) / "row.json") or {}
            return finished.get("held_out_tokens")
    return None


def _time_left(cell: Cell, row: Row, speeds: Mapping[float, tuple[float, float]], held_out: int) -> float | None:
    if row["state"] in ("done", "failed", "diverged"):
        return 0.0
    size = cell.step_C
    if not speeds:
        return None
    flops, seconds = speeds[min(speeds, key=lambda other: max(other / size, size / other))]
    return (size * (cell.steps - row["step"]) + held_out * cell.held_out_C) * seconds / flops
