"""A sweep from its first cell to its table, on whichever engine."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from scalelaw.errors import HarnessError
from scalelaw.harness import engines
from scalelaw.harness.cell import Cell
from scalelaw.harness.sweep.folder import Sweep, check_folder, make_sweep, open_sweep
from scalelaw.harness.sweep.gathering import gather, mixed
from scalelaw.harness.sweep.naming import names_of
from scalelaw.harness.sweep.reporting import counts, status_rows, summary
from scalelaw.harness.sweep.states import abandoned, state
from scalelaw.harness.sweep.trainers import checked_trainer
from scalelaw.harness.sweep.watching import Watcher, watcher
from scalelaw.harness.sweep.working import forgive, full_disk_told, work

_LOOK = 0.5  # seconds between two looks at the jobs and the folder


@dataclass(frozen=True)
class Outcome:
    """How a sweep stands after a run of it.

    The table, cells by state, names of those that failed, all in a line; and which failed first, and why.
    """

    table: Path | None
    counts: dict[str, int]
    failed: tuple[str, ...]
    text: str
    first: str = ""

    @property
    def complete(self) -> bool:
        return set(self.counts) == {"done"}


def run(
    folder: str | os.PathLike[str],
    cells: Iterable[Cell] | None = None,
    *,
    jobs: int = 1,
    engine: str | engines.Engine = "local",
    retry: bool = False,
    device: str = "auto",
    compile: bool = False,
    together: int = 1,
    devices: int = 1,
    checkpoint_seconds: float = 60.0,
    progress: TextIO | None = None,
    command: str = "",
    train: str = "auto",
    **options: Any,
) -> Outcome:
    """Train the cells of a sweep that are not trained yet, and gather the finished ones in ``runs.parquet``.

    Ctrl-C stops it: every cell at hand is checkpointed, and the same call goes on later. A second one kills the jobs,
    and their cells go on from the last checkpoint.

    Parameters
    ----------
    folder : path
    cells : iterable of Cell, optional
        What to train; a sweep that the folder holds may grow by some. Without them, those that it holds.
    jobs : int
        How many cells to train at once.
    engine : {"local", "slurm", "ray"} or object with ``submit``
        Where; see :func:`scalelaw.harness.engines.get`.
    retry : bool
        Whether to try failed and diverged cells again.
    device, compile, checkpoint_seconds
        Passed to :func:`scalelaw.harness.train`.
    together : int
        With JAX: how many cells that differ in seed, rate or prefix settings only each job trains in one program.
    devices : int
        With JAX: how many devices share each batch.
    progress : text stream, optional
        Where to show progress: a live display if it is a terminal, else a line when a cell ends and every minute.
    command : str
        How the sweep was asked for; kept in sweep.json for people.
    train : {"auto", "torch", "jax"} or str
        What trains a cell: ``auto`` is jax for what it alone does, else torch; ``module:function`` for something of
        one's own.
    **options
        Of the engine: ``partition="long", gpus=1``.

    Returns
    -------
    Outcome

    Raises
    ------
    HarnessError
        If the folder holds a different sweep or other things, the engine is not to be had, the disk is full, or a job
        died; what was finished is kept.
    KeyboardInterrupt
        After the jobs have stopped.
    """
    # where the machine that trains is another one, its jobs ask for the device
    here = engine == "local"
    train = checked_trainer(train, device=device, compile=compile, together=together, devices=devices, here=here)
    given = None if cells is None else list(cells)
    new = len(open_sweep(folder).cells) if given is None else check_folder(folder, given)
    with engines.get(engine, folder, jobs, **options) as place:
        sweep = open_sweep(folder) if given is None else _made(folder, given, new, command, progress)
        if retry:
            forgive(sweep)
        with full_disk_told(sweep.path):
            gather(sweep.path)  # a torn row is told before hours of work
        settings = {"train": train, "device": device, "checkpoint_seconds": checkpoint_seconds}
        settings |= {"compile": True} if compile else {}
        settings |= {name: count for name, count in (("together", together), ("devices", devices)) if count > 1}
        with _shown(sweep, progress, jobs) as shown, _stop_file(sweep) as stop_file:
            calls = [
                place.submit(work, str(sweep.path), stop_file=str(stop_file), **settings)
                for _ in range(min(jobs, _to_do(sweep)))  # a job that finds nothing to do takes seconds to start
            ]
            _attend(sweep, calls, shown, stop_file)
    with full_disk_told(sweep.path):
        table = gather(sweep.path)
    _report_deaths(sweep, [error for call in calls if (error := call.exception()) is not None])
    return _outcome(sweep, table)


def _made(
    folder: str | os.PathLike[str], cells: Sequence[Cell], new: int, command: str, progress: TextIO | None
) -> Sweep:
    grows = (Path(folder) / "sweep.json").exists()
    sweep = make_sweep(folder, cells, command=command)
    if grows and new and progress is not None:
        print(f"{folder} grows by {new} cell{'s' if new > 1 else ''} to {len(sweep.cells)}", file=progress)
    return sweep


def _to_do(sweep: Sweep) -> int:
    return sum(state(sweep, cell) in ("to do", "waiting") for cell in sweep.cells)


def _attend(sweep: Sweep, calls: Sequence[engines.Future], shown: Watcher, stop_file: Path) -> None:
    """Wait for the jobs; on Ctrl-C ask them to stop, and wait for that."""
    try:
        _wait(calls, shown)
    except KeyboardInterrupt:
        stop_file.touch()
        shown.say("stopping: the cells at hand write a checkpoint; Ctrl-C again kills them")
        for call in calls:
            call.cancel()
        _wait(calls, shown)
        gather(sweep.path)
        shown.close()
        shown.say(f"stopped: {summary(status_rows(sweep))}; the same command goes on")
        raise


def _wait(calls: Sequence[engines.Future], shown: Watcher) -> None:
    while not all(call.done() for call in calls):
        shown.look()
        time.sleep(_LOOK)


@contextmanager
def _shown(sweep: Sweep, progress: TextIO | None, jobs: int) -> Iterator[Watcher]:
    shown = watcher(sweep, progress, jobs)
    try:
        yield shown
    finally:
        shown.close()


@contextmanager
def _stop_file(sweep: Sweep) -> Iterator[Path]:
    """A name of a file that asks the jobs of this run to stop, and no other's."""
    path = sweep.path / f".stop-{secrets.token_hex(4)}"
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _report_deaths(sweep: Sweep, errors: Sequence[BaseException]) -> None:
    """Raise what jobs died of, with the cells they were at."""
    if not errors:
        return
    names = names_of(sweep.cells)
    at = [f"{names[cell.id]} {cell.id}" for cell in sweep.cells if abandoned(sweep.folder(cell))]
    known = list(dict.fromkeys(str(error) if isinstance(error, HarnessError) else repr(error) for error in errors))
    # the error of a full disk says so itself
    advice = "" if any("the same command" in each for each in known) else "; the same command goes on"
    where = f" (at {', '.join(at)})" if at else ""
    raise HarnessError(
        f"{len(errors)} of the jobs ended early{where}: {'; '.join(known)}. {summary(status_rows(sweep))}{advice}"
    ) from errors[0]


def _outcome(sweep: Sweep, table: Path | None) -> Outcome:
    rows = status_rows(sweep)
    failed = [row for row in rows if row["state"] in ("failed", "diverged")]
    first = next((f"{row['cell']} {row['name']}: {row['message']}" for row in failed), "")
    text = "; ".join([summary(rows), *mixed(sweep)])
    return Outcome(table, counts(rows), tuple(row["name"] for row in failed), text, first)
