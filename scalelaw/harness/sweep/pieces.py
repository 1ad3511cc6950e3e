"""A piece of a cell whose steps are long: what can be timed in a second and stands for the whole."""

from __future__ import annotations

from dataclasses import replace

from scalelaw.harness.cell import Cell, Recipe
from scalelaw.harness.windows import windows_at_once

_ON_CPU, _ELSEWHERE = 1e10, 1e12  # FLOPs of a step: about a second at the slowest, and enough to keep a device busy
_SHORTEST = 64  # tokens of a sequence


def piece_of(cell: Cell, *, on_cpu: bool) -> Cell:
    """The cell with fewer sequences a step, then shorter ones, then fewer layers, until a step is short enough.

    A model so wide that one layer of it on 64 tokens takes longer is left at that.
    """
    most = _ON_CPU if on_cpu else _ELSEWHERE
    piece = replace(cell, start=None, tokens=cell.recipe.tokens_a_step)
    for least, cut in ((1, _with_batch), (_SHORTEST, _with_context), (1, _with_layers)):
        if piece.step_C > most:
            piece = cut(piece, most / piece.step_C, least)
    return piece


def windows_of(piece: Cell, *, on_cpu: bool) -> int:
    """The windows that it is evaluated on at once, or as many of them as take no longer than a step may."""
    fit = int((_ON_CPU if on_cpu else _ELSEWHERE) / (piece.recipe.context * piece.held_out_C))
    return max(min(windows_at_once(piece), fit), 1)


def _with_batch(cell: Cell, share: float, least: int) -> Cell:
    return _of_text(cell, replace(cell.recipe, batch=_cut(cell.recipe.batch, share, least)))


def _with_context(cell: Cell, share: float, least: int) -> Cell:
    return _of_text(cell, replace(cell.recipe, context=_cut(cell.recipe.context, share, least)))


def _with_layers(cell: Cell, share: float, least: int) -> Cell:
    return replace(cell, shape=replace(cell.shape, layers=_cut(cell.shape.layers, share, least)))


def _of_text(cell: Cell, recipe: Recipe) -> Cell:
    return replace(cell, recipe=recipe, tokens=recipe.tokens_a_step)


def _cut(size: int, share: float, least: int) -> int:
    return min(size, max(int(size * share), least))
