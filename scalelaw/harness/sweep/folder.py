"""A sweep as a folder: made, grown, opened, and refused where it is another one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from scalelaw._version import __version__
from scalelaw.errors import HarnessError
from scalelaw.files import write_atomically
from scalelaw.harness.cell import Cell
from scalelaw.harness.sweep.naming import names_of

FORMAT = "scalelaw-sweep/1"
# what may lie beside "cells" where the making was interrupted before sweep.json was written, or that was damaged
_OURS = ("cells", "runs.parquet", ".runs.lock", ".stop-*", "slurm")


@dataclass(frozen=True)
class Sweep:
    """A folder and the cells it is to train, in the order of the table."""

    path: Path
    cells: tuple[Cell, ...]

    def folder(self, cell: Cell) -> Path:
        return self.path / "cells" / cell.id


def open_sweep(path: str | os.PathLike[str]) -> Sweep:
    """The sweep that a folder holds.

    Raises
    ------
    HarnessError
        If the folder holds no sweep, or one that cannot be read.
    """
    folder = Path(path)
    if not (folder / "sweep.json").exists():
        raise HarnessError(f"{folder} holds no sweep (there is no sweep.json); say what to train, or check the path")
    return Sweep(folder, tuple(_cell(folder, each["id"]) for each in _description(folder)["cells"]))


def check_folder(path: str | os.PathLike[str], cells: Iterable[Cell]) -> int:
    """Refuse a folder that cannot become this sweep; writes nothing.

    Returns
    -------
    int
        Number of cells that the folder does not hold yet.
    """
    folder, wanted = Path(path), {cell.id for cell in with_starts(cells)}
    if not str(path):
        raise HarnessError("the sweep has no folder; name one")
    if not wanted:
        raise HarnessError("the sweep has no cells; give at least one value of each setting")
    if folder.exists() and not folder.is_dir():
        raise HarnessError(f"{folder} is a file; name a folder for the sweep")
    if not (folder / "sweep.json").exists():
        _refuse_others_folder(folder)
        return len(wanted)
    held = _description(folder)["cells"]
    if lost := [each["name"] for each in held if each["id"] not in wanted]:
        raise HarnessError(
            f"{folder} holds a different sweep: {len(lost)} of its {len(held)} cells, {lost[0]} the first, are not in "
            "this one; take another folder, or give the earlier settings too, as a sweep can only grow"
        )
    return len(wanted) - len(held)


def make_sweep(path: str | os.PathLike[str], cells: Iterable[Cell], *, command: str = "") -> Sweep:
    """Make the folder of a sweep, or let the one that it holds grow.

    Parameters
    ----------
    path : path
    cells : iterable of Cell
        All cells, those that the folder holds already among them. The cells that others go on from are added.
    command : str
        How the sweep was asked for; kept in sweep.json for people.

    Raises
    ------
    HarnessError
        If the folder holds a different sweep or other things.
    """
    folder, wanted = Path(path), with_starts(cells)
    new = check_folder(folder, wanted)
    earlier = _description(folder) if (folder / "sweep.json").exists() else None
    try:
        for cell in wanted:
            (folder / "cells" / cell.id).mkdir(parents=True, exist_ok=True)
            _write_cell(folder / "cells" / cell.id / "cell.json", cell)
    except OSError as error:
        raise HarnessError(f"cannot make {folder}: {error.strerror or error}; choose another place") from error
    names = names_of(wanted)
    listed = [{"id": cell.id, "name": names[cell.id]} for cell in wanted]
    if earlier is None or new or listed != earlier["cells"]:
        created = earlier["created"] if earlier else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        # written last: a sweep.json never names a cell that is not there
        contents = {"format": FORMAT, "version": __version__, "created": created, "command": command, "cells": listed}
        write_atomically(folder / "sweep.json", json.dumps(contents, indent=1) + "\n")
    return Sweep(folder, tuple(wanted))


def with_starts(cells: Iterable[Cell]) -> list[Cell]:
    """Cells, each once, with those that they go on from before them."""
    listed: dict[str, Cell] = {}
    for cell in cells:
        for each in _line(cell):
            listed.setdefault(each.id, each)
    return list(listed.values())


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where there is no such file or it is torn."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _line(cell: Cell) -> Sequence[Cell]:
    return [cell] if cell.start is None else [*_line(cell.start), cell]


def _write_cell(path: Path, cell: Cell) -> None:
    if read_json(path) != json.loads(json.dumps(cell.to_dict())):  # new, torn, or its text has been moved
        write_atomically(path, json.dumps(cell.to_dict(), indent=1) + "\n")


def _refuse_others_folder(folder: Path) -> None:
    begun = (folder / "cells").is_dir()  # without cells a runs.parquet is somebody's own table
    names = sorted(each.name for each in folder.iterdir()) if folder.exists() else []
    if others := [name for name in names if not (begun and _ours(name))]:
        raise HarnessError(
            f"{folder} holds other things ({others[0]}{', ...' if len(others) > 1 else ''}) and no sweep; "
            "name a new or an empty folder"
        )


def _ours(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _OURS)


def _description(folder: Path) -> dict[str, Any]:
    found = read_json(folder / "sweep.json")
    if found is None or not isinstance(found.get("cells"), list):
        raise HarnessError(
            f"{folder / 'sweep.json'} cannot be read; delete it and give the settings of the sweep again"
        )
    if found.get("format") != FORMAT:
        raise HarnessError(
            f"{folder} was made with format {found.get('format')!r} and this version reads {FORMAT!r}; "
            "take another folder or the version of scalelaw that made it"
        )
    return found


def _cell(folder: Path, id: str) -> Cell:
    path = folder / "cells" / id / "cell.json"
    values = read_json(path)
    if values is None:
        raise HarnessError(f"{path} is missing or torn; give the settings of the sweep again after deleting it")
    cell = Cell.from_dict(values)
    if cell.id != id:
        raise HarnessError(
            f"{path} does not hold the cell {id}: it was edited, or written by another version of scalelaw"
        )
    return cell
