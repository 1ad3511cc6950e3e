"""The loop that every job of a sweep runs: claim a cell that nobody has, train it, go on."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from scalelaw.errors import Diverged, HarnessError, MissingExtra, Stopped
from scalelaw.extras import need
from scalelaw.files import write_atomically
from scalelaw.harness.cell import CHECKPOINT, Cell
from scalelaw.harness.jax.grouping import alike
from scalelaw.harness.sweep.folder import Sweep, open_sweep
from scalelaw.harness.sweep.gathering import gather
from scalelaw.harness.sweep.naming import names_of
from scalelaw.harness.sweep.states import failure, is_done, lock_at
from scalelaw.harness.sweep.trainers import check_device, together_function, training_function

_LOOK = 0.5  # seconds between two looks for a stop, or for the end of a cell that others wait for
_PROBE = 0.1  # seconds to try a lock for: long enough to outlast somebody who only asks whether it is held


def work(
    folder: str | os.PathLike[str],
    *,
    stop_file: str | os.PathLike[str] | None = None,
    train: str = "torch",
    together: int = 1,
    **options: Any,
) -> list[str]:
    """Train the cells of a sweep that nobody trains or has trained, one after another, until none is left.

    Any number of processes may do so at once, on any number of machines that share the folder: a cell is claimed by a
    lock that the system frees when its process ends, however it ends. The longest cells come first, which leaves the
    least idle time at the end, and shows soonest what does not fit; one in which a process died comes last. A cell that
    goes on from another waits for it.

    Parameters
    ----------
    folder : path
        Of a sweep that :func:`~scalelaw.harness.sweep.run` made.
    stop_file : path, optional
        When this file appears, the cell at hand is checkpointed and the work ends.
    train : {"torch", "jax"} or str
        What trains a cell; or ``module:function``: ``train(cell, folder, *, stop, **options)`` gives its row.
    together : int
        How many cells of one shape to claim at once and train in one program, in JAX.
    **options
        Passed to ``train``: ``device``, ``devices``, ``compile``, ``checkpoint_seconds``.

    Returns
    -------
    list of str
        Ids of the cells that were finished here.

    Raises
    ------
    HarnessError
        If the disk is full, a package is missing, or this machine has no such device. No cell is marked as failed: it
        goes on later, or elsewhere.
    """
    sweep, stop = open_sweep(folder), _stop(None if stop_file is None else Path(stop_file))
    check_device(train, options.get("device", "auto"), options.get("devices", 1))
    finished: list[str] = []
    with contextlib.suppress(Stopped):
        while _pass(sweep, finished, stop, train, together, options):
            pass
    return finished


def forgive(sweep: Sweep) -> None:
    """Let failed and diverged cells be tried again; one that diverged begins anew, as it would diverge again."""
    for cell in sweep.cells:
        folder = sweep.folder(cell)
        if (failure(folder) or {}).get("kind") == "diverged":
            (folder / CHECKPOINT).unlink(missing_ok=True)
        (folder / "failed.json").unlink(missing_ok=True)


def _pass(
    sweep: Sweep, finished: list[str], stop: Callable[[], bool], train: str, together: int, options: dict[str, Any]
) -> bool:
    """Go through the cells once; whether there may be more to do."""
    waiting = claimed = False
    left = {cell for cell in sweep.cells if _note(sweep.folder(cell)).exists()}
    # last those in which a process died: one that does not fit would take down the others too
    for cell in sorted(_longest_first(sweep), key=left.__contains__):
        if stop():
            raise Stopped("asked to stop")
        if _ended(sweep, cell):
            continue
        if cell.start is not None and not is_done(sweep, cell.start):
            waiting |= not _failed_before(sweep, cell, cell.start)
            continue
        with claim(sweep.folder(cell)) as mine:
            if not mine or _ended(sweep, cell):
                continue
            claimed = True
            if _note(sweep.folder(cell)).exists() and cell not in left:
                break  # somebody died in it a moment ago, so its turn is later
            # one in which a process died is trained alone: it may be what a machine has no room for beside others
            beside = 0 if cell in left else together - 1
            with noted(sweep.folder(cell)), _companions(sweep, cell, beside, left) as others:
                finished += _try(sweep, [cell, *others], train, stop, options)
        with full_disk_told(sweep.path):
            gather(sweep.path)
        break  # from the top: what was waiting may be the longest now
    if waiting and not claimed:
        time.sleep(_LOOK)
    return waiting or claimed


@cache
def _longest_first(sweep: Sweep) -> tuple[Cell, ...]:
    return tuple(sorted(sweep.cells, key=lambda cell: cell.own_C, reverse=True))


def _ended(sweep: Sweep, cell: Cell) -> bool:
    return is_done(sweep, cell) or (sweep.folder(cell) / "failed.json").exists()


def _failed_before(sweep: Sweep, cell: Cell, start: Cell) -> bool:
    """Record a cell as failed if the one it goes on from has failed."""
    earlier = failure(sweep.folder(start))
    if earlier is None:
        return False
    name = names_of(sweep.cells)[start.id]
    said = f"the cell that this one goes on from, {start.id} {name}, {earlier['kind']}: {earlier['message']}"
    _record(sweep.folder(cell), "failed", said, None, "")
    return True


@contextmanager
def claim(folder: Path) -> Iterator[bool]:
    """Hold the lock of a cell; gives whether it could be had."""
    lock = lock_at(folder / "lock")
    try:
        lock.acquire(timeout=_PROBE, poll_interval=_PROBE / 5)
    except need("filelock", extra="train", purpose="a sweep").Timeout:
        yield False
        return
    except NotImplementedError as error:
        raise HarnessError(
            f"the file system of {folder} has no locks, which keep two jobs from one cell; use a folder on another one"
        ) from error
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def noted(folder: Path) -> Iterator[None]:
    """Leave a note of who trains a cell, which stays if this process dies."""
    claim = {"host": socket.gethostname(), "pid": os.getpid(), "time": time.time()}
    try:
        with full_disk_told(folder):
            write_atomically(_note(folder), json.dumps(claim))
        yield
    finally:
        _note(folder).unlink(missing_ok=True)


def _note(folder: Path) -> Path:
    return folder / "claim.json"


@contextmanager
def _companions(sweep: Sweep, cell: Cell, most: int, left: Collection[Cell]) -> Iterator[list[Cell]]:
    """Claim cells that can be trained together with one, at most so many of those that nobody has."""
    claimed: list[Cell] = []
    with ExitStack() as held:
        for other in _like(sweep, cell) if most else ():
            if len(claimed) == most:
                break
            if other in left or _ended(sweep, other) or (other.start and not is_done(sweep, other.start)):
                continue
            folder = sweep.folder(other)
            if held.enter_context(claim(folder)) and not _ended(sweep, other) and not _note(folder).exists():
                held.enter_context(noted(folder))
                claimed.append(other)
        yield claimed


@cache
def _like(sweep: Sweep, cell: Cell) -> tuple[Cell, ...]:
    """The other cells that one program can train together with this one."""
    common = alike(cell)
    return tuple(other for other in sweep.cells if other != cell and alike(other) == common)


def _try(sweep: Sweep, cells: list[Cell], train: str, stop: Callable[[], bool], options: dict[str, Any]) -> list[str]:
    """Train cells, several of them together, or record why they could not be trained; ids of those that were."""
    folders = [sweep.folder(cell) for cell in cells]
    with full_disk_told(folders[0]):
        try:
            if len(cells) == 1:
                training_function(train)(cells[0], folders[0], stop=stop, **options)
            else:
                told = partial(_record_one, sweep)
                together_function(train)(cells, folders, stop=stop, failed=told, **options)
        except (Stopped, MissingExtra):
            raise
        except Exception as error:
            if _is_full_disk(error):
                raise
            for cell in cells:
                if not _ended(sweep, cell):
                    record_failure(sweep.folder(cell), error)
    return [cell.id for cell in cells if is_done(sweep, cell)]


def _record_one(sweep: Sweep, cell: Cell, error: Exception) -> None:
    record_failure(sweep.folder(cell), error)


def record_failure(folder: Path, error: Exception) -> None:
    """Leave word of why a cell could not be trained."""
    said = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
    kind, step = ("diverged", error.step) if isinstance(error, Diverged) else ("failed", None)
    _record(folder, kind, said, step, "".join(traceback.format_exception(error)))


def _record(folder: Path, kind: str, message: str, step: int | None, trace: str) -> None:
    what = {"kind": kind, "step": step, "message": message, "traceback": trace}
    where = {"time": time.time(), "host": socket.gethostname()}
    write_atomically(folder / "failed.json", json.dumps(what | where, indent=1))


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Within it a full disk is told in a sentence, whatever it is the cause of."""
    try:
        yield
    except Exception as error:
        if not _is_full_disk(error):
            raise
        raise HarnessError(
            f"the disk is full at {folder}; make room and run the same command again, which goes on from what was "
            "written"
        ) from error


def _is_full_disk(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def _stop(file: Path | None) -> Callable[[], bool]:
    """Whether a file is there, asked of the disk now and then only: it is called at every step."""
    seen, looked = False, -_LOOK

    def stop() -> bool:
        nonlocal seen, looked
        if file is not None and not seen and time.monotonic() - looked >= _LOOK:
            looked, seen = time.monotonic(), file.exists()
        return seen

    return stop
