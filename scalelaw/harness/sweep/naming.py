"""Which cells of a sweep are stage one of two-stage training, and the names of all for people."""

from __future__ import annotations

from collections.abc import Iterable

from scalelaw.harness.cell import Cell


def stage_ones(cells: Iterable[Cell]) -> set[str]:
    """Ids of the cells that others go on from and whose rate is never annealed."""
    starts = (cell.start for cell in cells)
    return {each.id for each in starts if each is not None and each.recipe.schedule == "constant"}


def names_of(cells: Iterable[Cell]) -> dict[str, str]:
    """The name of each cell, by its id; that of stage one of two-stage training ends in ``-stage1``.

    The cell itself does not know that another goes on from it, and is the same cell if none does.
    """
    cells = list(cells)
    begun = stage_ones(cells)
    return {cell.id: f"{cell.name}-stage1" if cell.id in begun else cell.name for cell in cells}
