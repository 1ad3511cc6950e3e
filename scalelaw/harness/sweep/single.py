"""One cell of a sweep, trained here: by this process, or by those that ``torchrun`` started."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from scalelaw.errors import Diverged, HarnessError
from scalelaw.harness import torchrun
from scalelaw.harness.cell import Cell
from scalelaw.harness.sweep.folder import Sweep, read_json
from scalelaw.harness.sweep.reporting import line, status_rows
from scalelaw.harness.sweep.trainers import checked_trainer, training_function

_EVERY = 30.0  # seconds


def train_one(
    folder: str | os.PathLike[str], *, backend: str = "auto", progress: TextIO | None = None, **options: Any
) -> dict[str, Any]:
    """Train the cell whose folder this is, and give its row; a finished one is left as it is.

    The first process holds the cell's lock meanwhile, as the jobs of a sweep do.

    Parameters
    ----------
    folder : path
        ``FOLDER/cells/ID`` of a sweep, in which there is ``cell.json``.
    backend : {"auto", "torch", "jax"}
    progress : text stream, optional
        Where to say every now and then what step it is at.
    **options
        Of the backend's :func:`scalelaw.harness.train` or :func:`scalelaw.harness.jax.train`.

    Raises
    ------
    HarnessError
        If there is no cell, somebody else trains it, or it cannot be trained, or not with this backend.
    Diverged
        If it diverges, which is recorded as in a sweep.
    """
    from scalelaw.harness.sweep.gathering import gather
    from scalelaw.harness.sweep.working import claim, noted, record_failure

    folder = Path(folder)
    values = read_json(folder / "cell.json")
    if values is None:
        raise HarnessError(f"{folder} holds no cell (there is no cell.json); name a folder FOLDER/cells/ID of a sweep")
    if (done := read_json(folder / "row.json")) is not None:
        return done
    asked = {name: options[name] for name in ("device", "devices", "compile", "shard") if name in options}
    train = training_function(checked_trainer(backend, **asked))
    cell = Cell.from_dict(values)
    if torchrun.rank():
        return train(cell, folder, **options)
    with claim(folder) as mine:
        if not mine:
            raise HarnessError(f"somebody else trains the cell {cell.name} now; see `scalelaw status`")
        with noted(folder), _told(cell, folder, progress):
            try:
                row = train(cell, folder, **options)
            except Diverged as error:  # what else can go wrong here is no fault of the cell
                record_failure(folder, error)
                raise
    if (folder.parent.parent / "sweep.json").exists():
        gather(folder.parent.parent)
    return row


@contextmanager
def _told(cell: Cell, folder: Path, stream: TextIO | None) -> Iterator[None]:
    """A line now and then of what the training within has got to."""
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(cell, folder, stream, ended), daemon=True)
    if stream is not None:
        teller.start()
    try:
        yield
    finally:
        ended.set()


def _tell(cell: Cell, folder: Path, stream: TextIO | None, ended: threading.Event) -> None:
    alone = Sweep(folder.parent.parent, (cell,))
    while not ended.wait(_EVERY):
        (row,) = status_rows(alone)
        if row["step"]:
            print(line(row), file=stream, flush=True)
