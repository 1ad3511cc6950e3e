"""Small sweeps that are really trained, each in a process group of its own, with a diary of who trained what when."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import THREAD_VARIABLES
from scalelaw.harness import Cell

TRAIN = "benchmarks.sweeps:train"
DIARY = "diary.jsonl"


@contextmanager
def corpus(folder: Path, *, size: int) -> Iterator[Any]:
    """A corpus of ``size`` bytes or a little more of the standard library, in a cache of its own."""
    from scalelaw.harness import corpus as corpora

    texts, taken = folder / "texts", 0
    texts.mkdir(parents=True)
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        if taken < size:
            shutil.copy(path, texts)
            taken += path.stat().st_size
    before = os.environ.get("SCALELAW_CACHE")
    os.environ["SCALELAW_CACHE"] = str(folder / "cache")
    try:
        yield corpora.prepare(f"text:{texts}")
    finally:
        os.environ.pop("SCALELAW_CACHE")
        if before is not None:
            os.environ["SCALELAW_CACHE"] = before


def start(folder: Path, cells: list[Cell], *, jobs: int) -> subprocess.Popen[str]:
    """Begin a sweep, or go on with it, in a process group of its own."""
    from scalelaw.harness.sweep.folder import make_sweep

    make_sweep(folder, cells)
    command = [sys.executable, "-m", "benchmarks.workers.sweep_worker", str(folder), str(jobs)]
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")}
    return subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for a sweep to end well."""
    _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the sweep exited with {process.returncode}: {said.strip()[-2000:]}")


def train(cell: Cell, folder: Path, **options: Any) -> dict[str, Any]:
    """Train a cell as the harness does, and write into its diary when that began and ended."""
    from scalelaw.harness.training import train as real

    note(folder, "begin")
    row = real(cell, folder, **options)
    note(folder, "end")
    return row


def note(folder: Path, event: str) -> None:
    """A line in the diary of a cell, after what a kill may have left of the one before."""
    done = (folder / "row.json").exists()
    what = {"event": event, "done": done, "time": time.time(), "cpu": time.process_time(), "pid": os.getpid()}
    with (folder / DIARY).open("a") as file:
        file.write("\n" + json.dumps(what))


def diaries(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The diary of every cell of a sweep that was begun, by the cell's id."""
    found = {}
    for path in sorted(folder.glob(f"cells/*/{DIARY}")):
        found[path.parent.name] = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    return found
