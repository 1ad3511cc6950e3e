"""The two ways to a lower loss, more streams or more parameters, and what each costs: the paper's Figures 1 and 4."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.closed import closed_form
from scalelaw.analysis.columns import held_columns, losses_over, need_columns, with_held
from scalelaw.analysis.equivalence import equivalent_parameters
from scalelaw.analysis.plan.service import Service
from scalelaw.cost import PAPER, Shape, parameters
from scalelaw.cost.setting import whole
from scalelaw.errors import ScalelawError
from scalelaw.fit.predict import estimate_and_ends

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

LENGTHS = (64, 128, 256, 512)
"""Tokens in, and as many out, that the paper averages over."""

PAPERS = Service(hardware="a100", input_tokens=LENGTHS, output_tokens=LENGTHS, model="released")
"""How the paper's models are served."""

_SIZES = ("layers", "width", "heads", "kv_heads", "head_size", "ffn")

LARGER = (1.0, 1.25, 1.5, 1.75, 2.0, 2.4, 2.8)


def ways_to_scale(
    fit: Fit,
    service: Service = PAPERS,
    *,
    base: Shape | str | float = "1.6B",
    streams: Any = (1, 2, 4, 8),
    larger: Any = LARGER,
    batch: Any = (1, 2, 4, 8),
    level: float | None = None,
    kind: str = "bc",
    **held: Any,
) -> pd.DataFrame:
    """Loss against memory and latency as streams are added to a model, and as parameters are.

    Parameters
    ----------
    fit : Fit
        Of a law in N and P.
    service : Service
        How models are served; by default as in the paper.
    base : Shape, name of a size of the paper, or number of parameters
        Where both ways start.
    streams : sequence of int
        P along the one way; the first is where it starts.
    larger : sequence of float
        Multiples of the base's parameters along the other, at P = 1.
    batch : sequence of int
    level : float, optional
        Level of the interval of the loss; needs bootstrap draws.
    kind : {"bc", "percentile", "normal"}
    **held
        One value for each other column of the law.

    Returns
    -------
    DataFrame
        ``batch``, ``way`` ("streams" or "parameters"), ``N``, ``P``, ``memory`` (bytes), ``latency`` (seconds a
        request), ``loss`` and, with ``level``, ``low`` and ``high``.

    Raises
    ------
    FitError
        If the law has no N or no P, or another column is needed.

    Source
    ------
    arXiv 2505.10475, Figure 4 and the right-hand panels of Figure 1.

    Examples
    --------
    >>> import scalelaw as sl
    >>> stack = sl.fit("parscale", sl.load("parscale-stack"))
    >>> frame = ways_to_scale(stack, batch=1)
    >>> frame.groupby("way")["loss"].min().round(4).to_dict()
    {'parameters': 1.0145, 'streams': 1.041}
    """
    need_columns(fit, "N", "P", what="the cost of scaling")
    shape, others = shape_of(base), held_columns(fit, ("N", "P"), held)
    count = parameters(shape)["N"]
    grown = [shape if factor == 1 else sized_like(shape, factor * count) for factor in np.ravel(larger).tolist()]
    P = whole("streams", np.ravel(streams))
    shapes = [shape] * len(P) + grown
    streams_of_each = np.concatenate([P, np.ones(len(grown), dtype=np.int64)])
    N = np.array([parameters(each, int(p))["N"] for each, p in zip(shapes, streams_of_each, strict=True)])
    losses = losses_over(
        fit, {"N": N.astype(float), "P": streams_of_each.astype(float)}, others, level=level, kind=kind
    )
    parts = []
    for B in whole("batch", np.ravel(batch)).tolist():
        served = replace(service, batch=B)
        costs = {name: getattr(served, name)(shapes, streams_of_each) for name in ("memory", "latency")}
        way = ["streams"] * len(P) + ["parameters"] * len(grown)
        parts.append(pd.DataFrame({"batch": B, "way": way, "N": N, "P": streams_of_each, **costs, **losses}))
    return pd.concat(parts, ignore_index=True)


def cost_ratios(
    fit: Fit,
    service: Service = PAPERS,
    *,
    base: Shape | str | float = "1.6B",
    streams: Any = (2, 4, 8),
    batch: Any = (1, 2, 4, 8),
    level: float | None = None,
    kind: str = "bc",
    **held: Any,
) -> pd.DataFrame:
    """What parameters add to memory and latency for the loss that P streams reach, over what the streams add.

    The model of P = 1 that reaches the loss has the parameters that `scalelaw.equivalence` gives, in the paper's family
    of shapes. A ratio above 1 speaks for streams, one below 1 for parameters.

    Parameters
    ----------
    fit, service, base, batch, level, kind, **held
        As for `ways_to_scale`.
    streams : sequence of int
        P, each above 1.

    Returns
    -------
    DataFrame
        ``batch``, ``P``, ``N`` (with the streams' own parameters), ``N_equivalent``; ``memory_streams`` and
        ``memory_parameters`` (bytes added), ``latency_streams`` and ``latency_parameters`` (seconds added),
        ``memory_ratio``, ``latency_ratio`` and, with ``level``, ``_low`` and ``_high`` of the ratios and N_equivalent.

    Examples
    --------
    >>> import scalelaw as sl
    >>> stack = sl.fit("parscale", sl.load("parscale-stack"))
    >>> cost_ratios(stack, streams=8, batch=[1, 8])[["batch", "memory_ratio", "latency_ratio"]].round(2)
       batch  memory_ratio  latency_ratio
    0      1         18.15           5.17
    1      8          2.91           0.71
    """
    need_columns(fit, "N", "P", what="the cost of scaling")
    shape, others = shape_of(base), held_columns(fit, ("N", "P"), held)
    P = whole("streams", np.ravel(streams))
    if (P < 2).any():
        raise ScalelawError("a ratio compares P streams with one; give streams of at least 2")
    N = np.array([float(parameters(shape, int(p))["N"]) for p in P])
    columns = with_held({"N": N, "P": P.astype(float)}, others)
    closed = closed_form(fit.law)

    def equivalent(theta: np.ndarray, part: slice) -> np.ndarray:
        return equivalent_parameters(fit, {name: values[part] for name, values in columns.items()}, theta, closed)

    worth, ends = estimate_and_ends(fit, equivalent, len(P), level=level, kind=kind)
    reached = {"": worth} if ends is None else {"": worth, "_low": ends[0], "_high": ends[1]}
    if not all(np.isfinite(each).all() for each in reached.values()):
        raise ScalelawError("no number of parameters reaches the loss of that many streams; ask for fewer streams")
    parts = [_ratios(shape, P, N, reached, replace(service, batch=B)) for B in whole("batch", np.ravel(batch)).tolist()]
    return pd.concat(parts, ignore_index=True)


def _ratios(
    shape: Shape, P: np.ndarray, N: np.ndarray, reached: dict[str, np.ndarray], served: Service
) -> pd.DataFrame:
    """The rows of one batch size."""
    frame: dict[str, Any] = {"batch": served.batch, "P": P, "N": N.astype(np.int64)}
    frame |= {f"N_equivalent{end}": worth for end, worth in reached.items()}
    one = np.ones(len(P), dtype=np.int64)
    for name in ("memory", "latency"):
        cost = getattr(served, name)
        before = cost([shape], [1])[0]
        added = cost([shape] * len(P), P) - before
        frame[f"{name}_streams"] = added
        for end, worth in reached.items():
            grown = cost([sized_like(shape, each) for each in worth], one) - before
            if not end:
                frame[f"{name}_parameters"] = grown
            frame[f"{name}_ratio{end}"] = grown / added
    return pd.DataFrame(frame)


def added_at_equal_loss(ways: pd.DataFrame) -> pd.DataFrame:
    """From a frame of `ways_to_scale`: what each way adds where the most streams end, parameters interpolated there.

    Costs along the way of parameters are interpolated linearly in the loss, as the paper does.

    Parameters
    ----------
    ways : DataFrame

    Returns
    -------
    DataFrame
        By ``batch``: ``P``, ``loss``; of ``memory`` and of ``latency`` where both start (``_before``), where streams
        end (``_streams``), where parameters reach that loss (``_parameters``; NaN where they do not), and the
        ``_ratio`` of what parameters add to what streams add (NaN where one of them adds nothing).

    Examples
    --------
    >>> import scalelaw as sl
    >>> stack = sl.fit("parscale", sl.load("parscale-stack"))
    >>> added_at_equal_loss(ways_to_scale(stack, batch=1))["memory_ratio"].round(1).tolist()
    [18.3]
    """
    rows = []
    for batch, frame in ways.groupby("batch"):
        streams = frame[frame["way"] == "streams"].sort_values("P")
        parameters_ = frame[frame["way"] == "parameters"].sort_values("loss")
        start, end = streams.iloc[0], streams.iloc[-1]
        row = {"batch": batch, "P": int(end["P"]), "loss": end["loss"]}
        for name in ("memory", "latency"):
            reached = np.interp(end["loss"], parameters_["loss"], parameters_[name], left=np.nan, right=np.nan)
            row |= {f"{name}_before": start[name], f"{name}_streams": end[name], f"{name}_parameters": float(reached)}
            added = [each - start[name] for each in (reached, end[name])]
            row[f"{name}_ratio"] = added[0] / added[1] if min(added) > 0 else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def shape_of(base: Shape | str | float) -> Shape:
    """A shape itself, one of the paper's by name, or one of the paper's family by its parameters."""
    if isinstance(base, Shape):
        return base
    return PAPER[base] if isinstance(base, str) and base in PAPER else Shape.sized(base)


def sized_like(shape: Shape, N: float) -> Shape:
    """A shape of the paper's family with N parameters, and all that is no size (vocabulary, prefix, biases) as here."""
    return Shape.sized(float(N), **{name: value for name, value in asdict(shape).items() if name not in _SIZES})
