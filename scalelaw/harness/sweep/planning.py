"""What a sweep would train and cost, before it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scalelaw.cost import parameters
from scalelaw.cost.memory import train_memory
from scalelaw.harness.cell import Cell
from scalelaw.harness.sweep import calibrate
from scalelaw.harness.sweep.folder import with_starts
from scalelaw.harness.sweep.reporting import duration


def plan(
    cells: Iterable[Cell], *, time_steps: Callable[[Cell], float] | None = None, device: str = "auto"
) -> list[dict[str, Any]]:
    """A row a cell: name, N, N_backbone, P, D, FLOPs of its own training, memory in bytes, estimated seconds."""
    listed = with_starts(cells)
    times = calibrate.seconds(listed, time_steps=time_steps, device=device)
    return [_row(cell, device) | {"seconds": time} for cell, time in zip(listed, times, strict=True)]


def text(rows: Sequence[dict[str, Any]], jobs: int = 1) -> str:
    """The rows as a table, and what they come to on some jobs."""
    titles = ("cell", "N", "N_backbone", "P", "D", "FLOPs", "memory", "time")
    lines = [titles, *(_cells(row) for row in rows)]
    widths = [max(len(each[column]) for each in lines) for column in range(len(titles))]
    table = ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines]
    return "\n".join([*table, total(rows, jobs)])


def total(rows: Sequence[dict[str, Any]], jobs: int = 1) -> str:
    """One line: cells, FLOPs, the most memory at once, time."""
    times = [row["seconds"] for row in rows]
    most = sum(sorted((row["memory"] for row in rows), reverse=True)[:jobs])
    side = f"{jobs} jobs" if jobs > 1 else "1 job"
    return (
        f"{len(rows)} cells, {sum(row['FLOPs'] for row in rows):.3g} FLOPs; with {side} about "
        f"{duration(calibrate.in_all(times, jobs))}, and at most {_size(most)} beside what torch itself takes"
    )


def _row(cell: Cell, device: str) -> dict[str, Any]:
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


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    whole = tuple(f"{row[name]:,}" for name in ("N", "N_backbone", "P", "D"))
    return row["name"], *whole, f"{row['FLOPs']:.3g}", _size(row["memory"]), duration(row["seconds"])


def _size(count: float) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
