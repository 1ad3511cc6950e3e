"""What a cell's folder says of it: done, running, failed, diverged, waiting or to do."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path
from typing import Any, Literal

from scalelaw.extras import need
from scalelaw.harness.cell import Cell
from scalelaw.harness.sweep.folder import Sweep, read_json

State = Literal["done", "running", "failed", "diverged", "waiting", "to do"]
FRESH = 60.0  # seconds for which the progress of a cell on another host counts as a sign of life


def state(sweep: Sweep, cell: Cell) -> State:
    """The state of a cell, from disk alone."""
    folder = sweep.folder(cell)
    if (folder / "row.json").exists():
        return "failed" if torn(folder) else "done"
    if (folder / "failed.json").exists():
        return "diverged" if (failure(folder) or {}).get("kind") == "diverged" else "failed"
    if running(folder):
        return "running"
    return "waiting" if cell.start is not None and not is_done(sweep, cell.start) else "to do"


def torn(folder: Path) -> bool:
    """Whether there is a row that cannot be read."""
    return (folder / "row.json").exists() and read_json(folder / "row.json") is None


def is_done(sweep: Sweep, cell: Cell) -> bool:
    """Whether there is a row, which is refused where rows are gathered if it is torn."""
    return (sweep.folder(cell) / "row.json").exists()


def failure(folder: Path) -> dict[str, Any] | None:
    """What was recorded of a cell that failed: kind, step, message, traceback, time, host."""
    return read_json(folder / "failed.json")


def running(folder: Path) -> bool:
    """Whether some process trains the cell now: its lock is held, or it shows signs of life from another host."""
    if locked(folder / "lock"):
        return True
    claim, progress = read_json(folder / "claim.json"), read_json(folder / "progress.json")
    latest = max((float(each.get("time", 0.0)) for each in (claim, progress) if each), default=0.0)
    return claim is not None and claim.get("host") != socket.gethostname() and time.time() - latest < FRESH


def abandoned(folder: Path) -> bool:
    """Whether a process died while it trained the cell."""
    claimed = (folder / "claim.json").exists() and not (folder / "row.json").exists()
    return claimed and not locked(folder / "lock")


def locked(path: Path) -> bool:
    """Whether a process holds the lock; asking takes it for an instant."""
    if not path.exists():
        return False
    lock = lock_at(path)
    with contextlib.suppress(need("filelock", extra="train", purpose="a sweep").Timeout), lock.acquire(timeout=0):
        return False
    return True


def lock_at(path: Path) -> Any:
    """A lock that the system frees when the process that holds it ends, however it ends."""
    filelock = need("filelock", extra="train", purpose="a sweep")
    return filelock.FileLock(path, is_singleton=False, thread_local=False)
