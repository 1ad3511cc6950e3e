"""What a sweep would train and cost, before it does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from scalelaw.cost import parameters
from scalelaw.cost.memory import evaluation_memory, train_memory
from scalelaw.harness import engines
from scalelaw.harness.cell import Cell
from scalelaw.harness.jax.grouping import alike
from scalelaw.harness.sweep import calibrate
from scalelaw.harness.sweep.folder import Sweep, check_folder, open_sweep, with_starts
from scalelaw.harness.sweep.naming import names_of
from scalelaw.harness.sweep.states import state
from scalelaw.harness.sweep.timing import Pace, measured
from scalelaw.harness.sweep.trainers import checked_trainer, has_device
from scalelaw.harness.windows import windows_at_once

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
    timed: bool = True,
    progress: TextIO | None = None,
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
    timed : bool
        Whether to estimate it; a device that is another machine's cannot be timed here.
    progress : text stream, optional
        Where to say that cells are being timed.

    Returns
    -------
    list of dict
        A row a cell: cell, name, N, N_backbone, P, D, FLOPs of its own training, memory in bytes of a step or of an
        evaluation, whichever takes more, done, and the estimated seconds that are left of it, None where not timed.
    """
    listed = with_starts(cells)
    missing = [cell for cell in listed if cell.id not in done]
    pace = pace or partial(_pace, groups=_groups(missing, together), device=device, backend=backend, compile=compile)
    found = calibrate.seconds(missing, pace=pace, held_out=held_out, progress=progress) if timed else []
    times: dict[str, float | None] = dict.fromkeys((cell.id for cell in missing), None)
    times.update(zip(times, found, strict=False))
    names = names_of(listed)
    return [
        {"cell": cell.id, "name": names[cell.id], **_row(cell, device)}
        | {"done": cell.id in done, "seconds": times.get(cell.id, 0.0)}
        for cell in listed
    ]


def rehearse(
    folder: str | os.PathLike[str],
    cells: Iterable[Cell] | None = None,
    *,
    jobs: int = 1,
    engine: str = "local",
    train: str = "auto",
    device: str = "auto",
    compile: bool = False,
    together: int = 1,
    devices: int = 1,
    retry: bool = False,
    progress: TextIO | None = None,
    **options: Any,
) -> list[Row]:
    """The plan of what :func:`~scalelaw.harness.sweep.run` would do; what it would refuse at once is refused here too.

    The time is that of this machine; where another one trains, on a device that this one lacks, it is not known.

    Raises
    ------
    HarnessError
        As ``run``; nothing is written and no cell is trained.
    """
    here = engine == "local"
    train = checked_trainer(train, device=device, compile=compile, together=together, devices=devices, here=here)
    engines.check(engine, jobs, **options).check_here()
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
        timed=here or has_device(train, device, devices),
        progress=progress,
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


def _row(cell: Cell, device: str) -> Row:
    counts = parameters(cell.shape, cell.streams.count)
    return {
        "N": counts["N"],
        "N_backbone": counts["N_backbone"],
        "P": cell.streams.count,
        "D": cell.D,
        "FLOPs": cell.own_C,
        "memory": _memory(cell, device),
    }


def _memory(cell: Cell, device: str) -> float:
    """Bytes at the peak of a training step, or of an evaluation between two steps, for which moments are kept."""
    from scalelaw.harness import attention, devices

    shape, P, context = cell.shape, cell.streams.count, cell.recipe.context
    # a device that is not here is no CPU
    kept = has_device("torch", device) and attention.keeps_probabilities(
        devices.choose(device), context + shape.prefix_slots(P)
    )
    step = train_memory(
        shape, P, batch=cell.recipe.batch, context=context, trained=cell.trained, keeps_probabilities=kept
    )
    evaluation = evaluation_memory(shape, P, windows=windows_at_once(cell), context=context)
    return max(step["total"], step["weights"] + step["moments"] + evaluation)
