"""What a cell gives: its row of the runs table, and the points of its learning curve."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from scalelaw._version import __version__
from scalelaw.cost import parameters
from scalelaw.harness.cell import Cell, Recipe, Streams
from scalelaw.harness.schedule import rate_share

if TYPE_CHECKING:
    from scalelaw.harness.evaluating import HeldOut

_OF_SHAPE = (
    *("layers", "width", "heads", "kv_heads", "head_size", "ffn", "vocabulary", "tied", "bias"),
    *("prefix_tokens", "aggregation", "prefix_at_one"),
)
_OF_WEIGHING = ("aggregation", "smoothing")
_OF_PREFIXES = ("prefix_tokens", "prefix", "prefix_scale", "near_identity", "prefix_rate")


def row_of(
    cell: Cell, held_out: HeldOut, train_loss: float, seconds: float, *, device: str, backend: str
) -> dict[str, Any]:
    """A finished cell as a row of the runs table, settings included."""
    counts = parameters(cell.shape, cell.streams.count)
    return {
        "N": counts.pop("N"),
        "N_backbone": counts.pop("N_backbone"),
        "P": cell.streams.count,
        "D": cell.D,
        "C": cell.C,
        "loss": held_out.loss,
        "loss_se": held_out.loss_se if math.isfinite(held_out.loss_se) else None,
        "bpb": held_out.bpb,
        "seed": cell.seed,
        "step": cell.first_step + cell.steps,
        "run": cell.id,
        "name": cell.name,
        "source": f"scalelaw {__version__} harness",
        "dataset": dataset(cell.corpus),
        **counts,
        "tokenizer": cell.tokenizer,
        "corpus_hash": cell.corpus_hash,
        "held_out_tokens": held_out.tokens,
        "train_loss": train_loss,
        **settings_of(cell),
        "trained": cell.trained,
        "start": None if cell.start is None else cell.start.id,
        "backend": backend,
        "device": device,
        "seconds": seconds,
    }


def settings_of(cell: Cell) -> dict[str, Any]:
    """All that a cell is trained with, or rows of a grid over it could not be told apart; None where there is no such.

    A plain model has no prefix, and one stream is not weighed, whatever the values of their settings.
    """
    one = cell.streams.count == 1
    plain = one and not cell.shape.prefix_slots(1)
    values = {
        **{name: getattr(cell.shape, name) for name in _OF_SHAPE},
        **{each.name: getattr(cell.streams, each.name) for each in fields(Streams) if each.name != "count"},
        **{each.name: getattr(cell.recipe, each.name) for each in fields(Recipe)},
    }
    without = (*(_OF_WEIGHING if one else ()), *(_OF_PREFIXES if plain else ()))
    return {name: None if name in without else value for name, value in values.items()}


def dataset(corpus: str) -> str:
    """The name of a corpus for a table that others read: of one's own files the last part of the path.

    >>> dataset("text:/home/me/poems"), dataset("hf:owner/name")
    ('text:poems', 'hf:owner/name')
    """
    kind, colon, where = corpus.partition(":")
    return f"{kind}{colon}{where.rstrip('/').rpartition('/')[2]}" if kind == "text" else corpus


def curve_point(cell: Cell, step: int, held_out: HeldOut, train_loss: float, seconds: float) -> dict[str, Any]:
    """A point of the learning curve after ``step`` steps of this cell."""
    counts = parameters(cell.shape, cell.streams.count)
    return {
        "run": cell.id,
        "N": counts["N"],
        "N_backbone": counts["N_backbone"],
        "P": cell.streams.count,
        "D": (cell.first_step + step) * cell.recipe.tokens_a_step,
        "step": cell.first_step + step,
        "loss": held_out.loss,
        "loss_se": held_out.loss_se,
        "bpb": held_out.bpb,
        "train_loss": train_loss,
        "rate": cell.recipe.rate * rate_share(step - 1, cell.steps, cell.recipe),
        "seed": cell.seed,
        "seconds": seconds,
    }
