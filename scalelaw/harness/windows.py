"""How many held-out windows are evaluated at once: as many as a training step, or next to nothing, has memory for."""

from __future__ import annotations

from scalelaw.cost.memory import evaluation_memory, train_memory
from scalelaw.harness.cell import Cell

MOST = 32  # more are no faster
LITTLE = 8e6  # bytes, far below what torch itself takes: the smallest models would be several times slower within less


def windows_at_once(cell: Cell, processes: int = 1) -> int:
    """Windows that a cell is evaluated on at once, by each of the processes that share its batches.

    A step keeps every layer and an evaluation one, so a small batch leaves room for more windows than it has rows;
    a large vocabulary for few, as both have its logits. It depends on the cell and not on the machine, on which
    a cell may be gone on with: losses of other numbers of windows agree to rounding only.
    """
    shape, P, context = cell.shape, cell.streams.count, cell.recipe.context
    rows = max(cell.recipe.batch // processes, 1)
    step = train_memory(shape, P, batch=rows, context=context, trained=cell.trained)
    one = evaluation_memory(shape, P, windows=1, context=context)
    return max(min(int(max(step["activations"], LITTLE) / one), MOST), 1)
