"""The finished cells of a sweep as one runs table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Cell
from scalelaw.harness.rows import settings_of
from scalelaw.harness.sweep.folder import Sweep, open_sweep, read_json
from scalelaw.harness.sweep.naming import stage_ones
from scalelaw.harness.sweep.states import is_done, lock_at

TABLE = "runs.parquet"


def gather(folder: str | os.PathLike[str]) -> Path | None:
    """Make ``runs.parquet`` anew from the rows of all finished cells, whole or not at all.

    The rows stand in the order of the sweep's cells, whatever the order they were finished in. The column ``backend``
    says what trained each: ``torch``, ``jax``, or ``jax+torch`` where one went on from the other. Of two-stage training
    stage two has rows, and a column ``stage`` says so; stage one, whose rate was never annealed and whose loss is
    therefore no loss of a finished run, keeps its row in its own folder.

    Returns
    -------
    Path or None
        The table; None where no cell is finished.

    Raises
    ------
    HarnessError
        If a row is torn or belongs to another cell; every such file is named.
    """
    sweep = open_sweep(folder)
    with lock_at(sweep.path / ".runs.lock"):  # two that gather at once: the later one must see the rows of both
        rows = _rows(sweep)
        return _write(sweep, rows) if rows else None


def cells_with_rows(sweep: Sweep) -> list[Cell]:
    """The cells whose rows stand in the table once they are done: all but stage one of two-stage training."""
    only_begun = stage_ones(sweep.cells)
    return [cell for cell in sweep.cells if cell.id not in only_begun]


def mixed(sweep: Sweep) -> list[str]:
    """A word of it where the rows of the table were trained by different backends or precisions; else nothing.

    Backends agree to rounding in float32 only: on CUDA, PyTorch trains in bfloat16.
    """
    found = (read_json(sweep.folder(cell) / "row.json") or {} for cell in cells_with_rows(sweep))
    counted = Counter(_trainer(row) for row in found if "backend" in row)
    if len(counted) < 2:
        return []
    (first, rows), *others = counted.items()
    said = ", ".join(f"{count} by {name}" for name, count in others)
    return [f"{rows} row{'s' if rows > 1 else ''} trained by {first}, {said}: see the columns backend and device"]


def _trainer(row: Mapping[str, Any]) -> str:
    """What trained a row, as far as its precision hangs on it."""
    kinds = sorted({each.partition(":")[0] for each in str(row.get("device", "")).split("+")})
    bf16 = "torch" in str(row["backend"]) and "cuda" in kinds
    return f"{row['backend']} on {'+'.join(kinds)}" if bf16 else str(row["backend"])


def _rows(sweep: Sweep) -> list[dict[str, Any]]:
    staged = any(cell.start is not None for cell in sweep.cells)
    rows, faults = [], []
    for cell in cells_with_rows(sweep):
        if not is_done(sweep, cell):
            continue
        path = sweep.folder(cell) / "row.json"
        row = read_json(path)
        if fault := _fault(row, cell):
            faults.append(f"{path} {fault}")
        elif row is not None:
            # settings anew: rows of an earlier version hold some of them
            rows.append(row | settings_of(cell) | ({"stage": _stage(cell)} if staged else {}))
    if faults:
        raise HarnessError(f"{'; '.join(faults)}; delete it, and the cell is trained again")
    return rows


def _fault(row: dict[str, Any] | None, cell: Cell) -> str | None:
    if row is None:
        return "is torn"
    return None if row.get("run") == cell.id else f"is the row of another cell ({row.get('run')!r})"


def _stage(cell: Cell) -> int:
    return 1 if cell.start is None else 1 + _stage(cell.start)


def _write(sweep: Sweep, rows: list[dict[str, Any]]) -> Path:
    from scalelaw.runs import write

    return write(columns_of(rows), sweep.path / TABLE)


def columns_of(rows: Collection[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; one that no row fills has no type and says nothing, and is left out."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return {name: cells for name, cells in columns.items() if any(cell is not None for cell in cells)}
