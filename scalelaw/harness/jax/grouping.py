"""Which cells can be trained together in one compiled program; asked without JAX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Cell, Recipe, Streams

MAY_DIFFER = "seed, rate, schedule, clipping, weight decay, prefix_rate, prefix_scale and near_identity"


def alike(cell: Cell) -> Cell:
    """The cell with all that may differ between cells of one program set to one value: equal ones go together.

    What may differ changes numbers and no shapes: the seed, the rate and its schedule, clipping, weight decay, and what
    the prefix begins with, learns at and fades in by. The cell before it may be another one, after as many steps.
    """
    usual, streams = Recipe(), Streams()
    recipe = replace(
        cell.recipe,
        **{name: getattr(usual, name) for name in ("rate", "schedule", "warmup", "decay", "final")},
        **{name: getattr(usual, name) for name in ("prefix_rate", "weight_decay", "clip")},
    )
    common = replace(cell.streams, prefix_scale=streams.prefix_scale, near_identity=streams.near_identity)
    start = None if cell.start is None else alike(cell.start)
    return replace(cell, seed=0, streams=common, recipe=recipe, start=start)


def check_alike(cells: Sequence[Cell]) -> None:
    """Refuse cells that one program cannot train.

    Raises
    ------
    HarnessError
        If there is none, or two differ in what needs another program.
    """
    if not cells:
        raise HarnessError("there are no cells to train together; give at least one")
    for cell in cells[1:]:
        if alike(cell) != alike(cells[0]):
            raise HarnessError(
                f"cells {cells[0].name} and {cell.name} cannot be trained together: they may differ in {MAY_DIFFER} "
                "only; train them one after the other"
            )
