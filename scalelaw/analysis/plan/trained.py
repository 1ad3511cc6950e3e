"""What it takes to train models with P streams: operations and memory, with a frozen base and with checkpointing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pandas as pd

from scalelaw.analysis.plan.limits import read_count
from scalelaw.cost import Shape, parameters, train_flops, train_memory
from scalelaw.cost.setting import BITS, check_dtype, whole
from scalelaw.cost.training import Trained

WAYS: tuple[tuple[Trained, bool], ...] = (("all", False), ("all", True), ("streams", False), ("streams", True))
"""What is trained, and whether layers are computed again in the backward pass."""


def training_costs(
    shapes: Sequence[Shape],
    streams: Sequence[int],
    *,
    tokens: float,
    batch: int = 8,
    context: int = 2048,
    dtype: str = "fp32",
) -> pd.DataFrame:
    """Operations of a training run and memory of its step, for every shape with every number of streams.

    Parameters
    ----------
    shapes, streams
        All are combined.
    tokens : float
        D, training tokens of text.
    batch, context : int
        Sequences that a step holds at once, and tokens of each.
    dtype : {"fp32", "bf16", "fp16"}
        Of weights, gradients, AdamW's moments and activations alike.

    Returns
    -------
    DataFrame
        A row for each shape, P, ``trained`` ("all", or "streams" where the base is frozen) and ``checkpointing``:
        ``N``, ``P``, ``flops``; ``memory`` in bytes and its parts ``weights``, ``gradients``, ``moments`` and
        ``activations``, as `scalelaw.cost.train_flops` and `scalelaw.cost.train_memory` have them. A model that has
        nothing of streams to train has no rows of "streams".

    Raises
    ------
    ScalelawError
        If a number or the data type means nothing.

    Examples
    --------
    >>> from scalelaw.cost import PAPER
    >>> frame = training_costs([PAPER["1.6B"]], [1, 8], tokens=42e9, batch=1)
    >>> frame[["P", "trained", "checkpointing"]].assign(GiB=(frame["memory"] / 2**30).round(1))
       P  trained  checkpointing    GiB
    0  1      all          False   43.0
    1  1      all           True   31.2
    2  8      all          False  132.1
    3  8      all           True   37.3
    4  8  streams          False   76.6
    5  8  streams           True   16.0
    """
    check_dtype(dtype)
    D = read_count("tokens", tokens)
    rows = []
    for shape, P in product(shapes, whole("streams", list(streams)).tolist()):
        counts = parameters(shape, P)
        for trained, checkpointing in WAYS:
            if trained == "streams" and not counts["n_prefix"] + counts["n_aggregator"]:
                continue
            how: dict[str, Any] = {"context": context, "trained": trained, "checkpointing": checkpointing}
            flops = train_flops(shape, P, tokens=D, **how)
            memory = train_memory(shape, P, batch=batch, bytes_each=BITS[dtype] // 8, **how)
            what = {"N": counts["N"], "P": P, "trained": trained, "checkpointing": checkpointing, "flops": flops}
            rows.append({**what, "memory": memory.pop("total"), **memory})
    return pd.DataFrame(rows)
