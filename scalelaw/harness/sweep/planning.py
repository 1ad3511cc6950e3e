"""What a sweep would train and cost, before it does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from scalelaw.cost import parameters
from scalelaw.cost.memory import train_memory
from scalelaw.harness import engines
from scalelaw.harness.cell import Cell
from scalelaw.harness.jax.grouping import alike
from scalelaw.harness.sweep import calibrate
from scalelaw.harness.sweep.folder import Sweep, check_folder, open_sweep, with_starts
from scalelaw.harness.sweep.reporting import duration
from scalelaw.harness.sweep.states import state
from scalelaw.harness.sweep.timing import Pace, measured
from scalelaw.harness.sweep.trainers import check_trainer

Row = dict[str, Any]


def plan(
    cells: Iterable[Cell],
    *,
    done: Collection[str] = (),
    pace: Callable[[Cell], Pace] | None = None,
    held_out: Callable[[Cell], int] | None = None,
    device: str = "auto",
    backend: str = "torch",
    compile: bool = False,
    together: int = 1,
) -> list[Row]:
    """What the cells of a sweep come to.

    Parameters
    ----------
    cells : iterable of Cell
    done : collection of str
        Ids of cells that are trained already.
    pace, held_out : callable, optional
        As for :func:`~scalelaw.harness.sweep.calibrate.seconds`; measured here and asked of the corpus by default.
    device, backend, compile, together
        What would train them, for the estimate of the time.

    Returns
    -------
    list of dict
        A row a cell: cell, name, N, N_backbone, P, D, FLOPs of its own training, memory in bytes, done, and the
        estimated seconds that are left of it.
    """
    listed = with_starts(cells)
    missing = [cell for cell in listed if cell.id not in done]
    pace = pace or partial(_pace, groups=_groups(missing, together), device=device, backend=backend, compile=compile)
    times = dict(
        zip((cell.id for cell in missing), calibrate.seconds(missing, pace=pace, held_out=held_out), strict=True)
    )
    return [_row(cell, device) | {"done": cell.id in done, "seconds": times.get(cell.id, 0.0)} for cell in listed]


def rehearse(
    folder: str | os.PathLike[str],
    cells: Iterable[Cell] | None = None,
    *,
    jobs: int = 1,
    engine: str = "local",
    train: str = "torch",
    device: str = "auto",
    compile: bool = False,
    together: int = 1,
    devices: int = 1,
    retry: bool = False,
    **options: Any,
) -> list[Row]:
    """The plan of what :func:`~scalelaw.harness.sweep.run` would do; what it would refuse at once is refused here too.

    Raises
    ------
    HarnessError
        As ``run``; nothing is written and no cell is trained.
    """
    check_trainer(train, device=device, compile=compile, together=together, devices=devices, here=engine == "local")
    engines.check(engine, jobs, **options)
    there = (Path(folder) / "sweep.json").exists()
    if cells is not None:
        cells = list(cells)
        check_folder(folder, cells)
    held = open_sweep(folder) if there or cells is None else None
    done = [cell.id for cell in held.cells if _settled(held, cell, retry)] if held else []
    return plan(
        held.cells if held and cells is None else cells or (),
        done=done,
        device=device,
        backend=train,
        compile=compile,
        together=together,
    )


def _groups(cells: Sequence[Cell], together: int) -> dict[Cell, int]:
    """How many cells go together, by what they have in common."""
    counted = Counter(alike(cell) for cell in cells) if together > 1 else {}
    return {each: min(count, together) for each, count in counted.items()}


def _pace(cell: Cell, groups: dict[Cell, int], **options: Any) -> Pace:
    together = groups.get(alike(cell), 1)
    return measured(cell, **(options | ({"together": together} if together > 1 else {})))


def _settled(sweep: Sweep, cell: Cell, retry: bool) -> bool:
    return state(sweep, cell) in (("done",) if retry else ("done", "failed", "diverged"))


def text(rows: Sequence[Row], jobs: int = 1, together: int = 1) -> str:
    """The rows as a table, and what they come to on some jobs, each of which trains some cells together."""
    titles = ("cell", "N", "N_backbone", "P", "D", "FLOPs", "memory", "time")
    named = Counter(row["name"] for row in rows)
    lines = [titles, *(_cells(row, tell=named[row["name"]] > 1) for row in rows)]
    widths = [max(len(each[column]) for each in lines) for column in range(len(titles))]
    table = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    return "\n".join([*table, total(rows, jobs, together)])


def total(rows: Sequence[Row], jobs: int = 1, together: int = 1) -> str:
    """One line: cells, FLOPs, the most memory at once, time."""
    left = [row for row in rows if not row["done"]]
    count = f"{len(rows)} cell{'s' if len(rows) != 1 else ''}"
    if not left:
        return f"{count}, all of them done"
    times = [row["seconds"] for row in left]
    most = sum(sorted((row["memory"] for row in left), reverse=True)[: jobs * together])
    count += f", {len(left)} of them to do" if len(left) < len(rows) else ""
    side = f"{jobs} jobs" if jobs > 1 else "1 job"
    return (
        f"{count}, {sum(row['FLOPs'] for row in left):.3g} FLOPs; with {side} about "
        f"{duration(calibrate.in_all(times, jobs))}, and at most {_size(most)} beside what torch itself takes"
    )


def _row(cell: Cell, device: str) -> Row:
    from scalelaw.harness import attention, devices

    recipe, counts = cell.recipe, parameters(cell.shape, cell.streams.count)
    keys = recipe.context + cell.shape.prefix_slots(cell.streams.count)
    memory = train_memory(
        cell.shape,
        cell.streams.count,
        batch=recipe.batch,
        context=recipe.context,
        trained=cell.trained,
        keeps_probabilities=attention.keeps_probabilities(devices.choose(device), keys),
    )
    return {
        "cell": cell.id,
        "name": cell.name,
        "N": counts["N"],
        "N_backbone": counts["N_backbone"],
        "P": cell.streams.count,
        "D": cell.D,
        "FLOPs": cell.own_C,
        "memory": memory["total"],
    }


def _cells(row: Row, *, tell: bool) -> tuple[str, ...]:
    """``tell`` it from another cell of its name, which differs in what names leave out."""
    whole = tuple(f"{row[name]:,}" for name in ("N", "N_backbone", "P", "D"))
    return (
        f"{row['name']} {row['cell']}" if tell else row["name"],
        *whole,
        f"{row['FLOPs']:.3g}",
        _size(row["memory"]),
        "done" if row["done"] else duration(row["seconds"]),
    )


def _size(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
