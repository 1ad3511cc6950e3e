"""Names of the cells of a sweep, for people."""

from __future__ import annotations

from collections.abc import Iterable

from scalelaw.harness.cell import Cell


def names_of(cells: Iterable[Cell]) -> dict[str, str]:
    """The name of each cell, by its id; that of stage one of two-stage training ends in ``-stage1``.

    The cell itself does not know that another goes on from it, and is the same cell if none does.
    """
    cells = list(cells)
    begun = {each.start.id for each in cells if each.start is not None and each.start.recipe.schedule == "constant"}
    return {cell.id: f"{cell.name}-stage1" if cell.id in begun else cell.name for cell in cells}
