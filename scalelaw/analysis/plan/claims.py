"""The paper's cost claims: where they hold, and where they turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from scalelaw.analysis.plan.service import Service
from scalelaw.analysis.plan.ways import PAPERS
from scalelaw.cost import PAPER, parameters
from scalelaw.errors import ScalelawError

PUBLISHED: Mapping[int, tuple[float, float]] = {1: (22.0, 6.0), 0: (7.0, 1.7)}
"""By batch (0 for the mean over 1, 2, 4 and 8), the ratios of memory and of latency that the paper reports for 1.6B and
8 streams: arXiv 2505.10475, abstract and Figure 1."""


def cost_claims(
    runs: Any = "parscale-stack",
    service: Service = PAPERS,
    *,
    base: str = "1.6B",
    streams: int = 8,
    batch: Any = (1, 2, 4, 8),
) -> pd.DataFrame:
    """What streams and what parameters add for the same measured loss, as the paper reckons it.

    Costs of the parameter-scaled model of equal loss are interpolated, linearly in the loss, between the two sizes of
    P = 1 whose measured losses enclose it; no law is involved. Memory and latency are means over the lengths of the
    service, and the last row is the ratio of the means over the batch sizes.

    Parameters
    ----------
    runs : name of a bundled set, or table with N, P and loss
        Measured losses of the paper's shapes.
    service : Service
        By default the paper's: A100, fp16, its own arithmetic, 64 to 512 tokens in and as many out.
    base : str
        The size that streams are added to.
    streams : int
        P.
    batch : sequence of int

    Returns
    -------
    DataFrame
        ``batch`` (0 for the mean), ``memory_before``, ``memory_streams``, ``memory_parameters`` (bytes),
        ``latency_before``, ``latency_streams``, ``latency_parameters`` (seconds), of the base, with P streams and with
        as many parameters as reach the same loss; ``memory_ratio`` and ``latency_ratio`` of what is added.

    Raises
    ------
    ScalelawError
        If the runs lack a size, or no size of P = 1 reaches the loss.

    Examples
    --------
    >>> cost_claims()[["batch", "memory_ratio", "latency_ratio"]].round(2)
       batch  memory_ratio  latency_ratio
    0      1         22.55           6.43
    1      2         12.85           3.25
    2      4          6.92           1.67
    3      8          3.62           0.88
    4      0          7.34           1.77
    """
    losses = _losses(runs)
    sizes = [size for size in PAPER if (size, 1) in losses]
    goal = losses.get((base, streams))
    if goal is None or base not in sizes:
        raise ScalelawError(f"the runs have no {base} model with 1 and with {streams} streams; they have {sizes}")
    larger = [size for size in sizes if losses[size, 1] <= goal]
    if not larger:
        raise ScalelawError(f"no model of one stream reaches the loss {goal} of {base} with {streams}; ask for fewer")
    above = larger[0]
    below = sizes[sizes.index(above) - 1]
    share = (losses[below, 1] - goal) / (losses[below, 1] - losses[above, 1])
    shapes, P = [PAPER[each] for each in (base, base, below, above)], np.array([1, streams, 1, 1])
    rows = []
    for B in np.ravel(batch).tolist():
        served, row = replace(service, batch=B), {"batch": B}
        for name in ("memory", "latency"):
            before, with_streams, low, high = getattr(served, name)(shapes, P)
            row |= {f"{name}_before": before, f"{name}_streams": with_streams}
            row |= {f"{name}_parameters": low + share * (high - low)}
        rows.append(row)
    frame = pd.DataFrame(rows)
    frame = pd.concat([frame, frame.mean().to_frame().T.assign(batch=0)], ignore_index=True)
    for name in ("memory", "latency"):
        added = {way: frame[f"{name}_{way}"] - frame[f"{name}_before"] for way in ("streams", "parameters")}
        frame[f"{name}_ratio"] = added["parameters"] / added["streams"]
    return frame.astype({"batch": int})


def turning_batch(claims: Any = None, *, most: int = 256, **options: Any) -> dict[str, int | None]:
    """The smallest batch from which parameters are the cheaper way in memory, and in latency; None up to ``most``.

    Parameters
    ----------
    claims : callable, optional
        What gives ``memory_ratio`` and ``latency_ratio`` by batch; `cost_claims` by default.
    most : int
        Largest batch tried.
    **options
        Those of ``claims``.

    Examples
    --------
    >>> turning_batch(most=64)
    {'memory': 31, 'latency': 7}
    """
    frame = (claims or cost_claims)(batch=range(1, most + 1), **options)
    frame = frame[frame["batch"] > 0]
    turned: dict[str, int | None] = {}
    for name in ("memory", "latency"):
        below = frame["batch"][frame[f"{name}_ratio"] < 1]
        turned[name] = int(below.iloc[0]) if len(below) else None
    return turned


def _losses(runs: Any) -> dict[tuple[str, int], float]:
    """Measured losses by size of the paper and streams."""
    if isinstance(runs, str):
        from scalelaw.datasets import load

        runs = load(runs)
    names = {parameters(shape, P)["N"]: (size, P) for size, shape in PAPER.items() for P in (1, 2, 4, 8, 16)}
    found = zip(np.asarray(runs["N"]), np.asarray(runs["loss"]), strict=True)
    return {names[int(N)]: float(loss) for N, loss in found if int(N) in names}
