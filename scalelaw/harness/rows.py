"""What a cell gives: its row of the runs table, and the points of its learning curve."""

from __future__ import annotations

import math
from typing import Any

from scalelaw._version import __version__
from scalelaw.cost import parameters
from scalelaw.harness.cell import Cell
from scalelaw.harness.evaluating import HeldOut
from scalelaw.harness.schedule import rate_share


def row_of(
    cell: Cell, held_out: HeldOut, train_loss: float, seconds: float, device: str, *, backend: str
) -> dict[str, Any]:
    """A finished cell as a row of the runs table, settings included."""
    shape, streams, recipe = cell.shape, cell.streams, cell.recipe
    counts = parameters(shape, streams.count)
    return {
        "N": counts.pop("N"),
        "N_backbone": counts.pop("N_backbone"),
        "P": streams.count,
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
        **{name: getattr(shape, name) for name in ("layers", "width", "heads", "kv_heads", "ffn", "vocabulary")},
        **{name: getattr(shape, name) for name in ("prefix_tokens", "aggregation", "prefix_at_one")},
        **{name: getattr(streams, name) for name in ("smoothing", "prefix", "prefix_scale", "near_identity")},
        **{name: getattr(recipe, name) for name in ("batch", "context", "rate", "schedule", "warmup", "decay")},
        "prefix_rate": recipe.prefix_rate,
        "trained": cell.trained,
        "start": None if cell.start is None else cell.start.id,
        "backend": backend,
        "device": device,
        "seconds": seconds,
    }


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
