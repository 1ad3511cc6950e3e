"""How many parameters a decoder with P streams has, in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from scalelaw.cost.shape import Shape
from scalelaw.cost.sizes import Ints, Sizes
from scalelaw.errors import ScalelawError

Shapes = Sequence[Shape] | np.ndarray[Any, np.dtype[np.object_]]


@overload
def parameters(shape: Shape, streams: int = 1) -> dict[str, int]: ...
@overload
def parameters(shape: Shape, streams: Sequence[int] | Ints) -> dict[str, Ints]: ...
@overload
def parameters(shape: Shapes, streams: Any = 1) -> dict[str, Ints]: ...
def parameters(shape: Shape | Shapes, streams: Any = 1) -> dict[str, int] | dict[str, Ints]:
    """Parameters by group, as the columns of a runs table.

    For L layers of width h with q = heads * head_size, kv = kv_heads * head_size, inner size i and T prefix slots:

        n_attention  = L (h q + 2 h kv + q h)      and L (q + 2 kv) more with biases, L h with ``out_bias``
        n_mlp        = 3 L h i                     (2 L h i without a gate), and the outputs of each with ``mlp_bias``
        n_norm       = (2 L + 1) h                 (twice that with ``norm_bias``), and 2 L head_size with ``qk_norm``
        n_prefix     = 2 L P kv T
        n_aggregator = P h^2 + h + P h + P  (mlp),  P^2 h + P  (linear),  0  (mean, or P = 1)
        N_backbone   = n_attention + n_mlp + n_norm
        N            = N_backbone + n_prefix + n_aggregator

    Parameters
    ----------
    shape : Shape, or sequence or array of Shape
    streams : int or array of int
        P, at least 1. At P = 1 there is no aggregator, and no prefix unless ``shape.prefix_at_one``.

    Returns
    -------
    dict
        ``N``, ``N_backbone`` and the groups, ``n_embedding`` and ``n_head`` (0 where tied) among them: whole numbers
        for one shape and one P, else int64 arrays of the shape that both broadcast to.

    Raises
    ------
    ScalelawError
        If P is not a whole number of at least 1, or there are more parameters than 64 bits count.

    Source
    ------
    The released model of arXiv 2505.10475: the formula gives the paper's 24 parameter counts exactly.

    >>> from scalelaw.cost import PAPER
    >>> parameters(PAPER["1.6B"], streams=8)["N"]
    1595669000
    >>> parameters(PAPER["1.6B"], streams=[1, 8])["N"]
    array([1571472384, 1595669000])
    """
    if isinstance(shape, Shape) and np.ndim(streams) == 0:
        check_streams(streams)
        sizes, P = Sizes.of(shape), np.int64(streams)
        check_countable(sizes, P)
        return {name: int(value) for name, value in counted(sizes, P).items()}
    return dict(zip(_GROUPS, np.broadcast_arrays(*_in_order(shape, streams)), strict=True))


def counted(sizes: Sizes, streams: Any) -> dict[str, Ints]:
    """The groups of :func:`parameters` from fields that are arrays already."""
    h, L, i, q, kv = sizes.width, sizes.layers, sizes.ffn, sizes.q, sizes.kv
    attention_bias = sizes.bias * (q + 2 * kv) + sizes.out_bias * h
    mlp_bias = sizes.mlp_bias * (h + i * (sizes.matrices - 1))
    groups = {
        "n_embedding": sizes.vocabulary * h,
        "n_attention": L * (2 * h * q + 2 * h * kv + attention_bias),
        "n_mlp": L * (sizes.matrices * h * i + mlp_bias),
        "n_norm": (2 * L + 1) * h * (1 + sizes.norm_bias) + 2 * L * sizes.head_size * sizes.qk_norm,
        "n_prefix": 2 * L * streams * kv * sizes.slots(streams),
        "n_aggregator": _aggregator(sizes, streams),
        "n_head": (1 - sizes.tied) * sizes.vocabulary * h,
    }
    backbone = groups["n_attention"] + groups["n_mlp"] + groups["n_norm"]
    return {"N": backbone + groups["n_prefix"] + groups["n_aggregator"], "N_backbone": backbone, **groups}


def check_countable(sizes: Sizes, streams: Any) -> None:
    """Refuse models whose parameters 64 bits may not count, by a bound in floats, which do not wrap around."""
    h, P = 1.0 * sizes.width, 1.0 * streams
    q, kv = 1.0 * sizes.heads * sizes.head_size, 1.0 * sizes.kv_heads * sizes.head_size
    backbone = h * (sizes.layers * (2 * q + 2 * kv + 3.0 * sizes.ffn) + 2.0 * sizes.vocabulary)
    most = backbone + P * (2 * sizes.layers * kv * sizes.prefix_tokens + h * (h + P))
    if np.any(most >= 2.0**62):  # what is left out, biases and norms, is less than as much again
        raise ScalelawError(
            "a model of such sizes, or of so many streams, has about 2^62 parameters or more; choose less"
        )


def check_streams(streams: Any) -> None:
    """Refuse what is not a number of streams."""
    whole = isinstance(streams, int | np.integer) and not isinstance(streams, bool)
    if not whole or not 1 <= streams < 2**53:
        raise ScalelawError(f"streams is {streams!r}; P must be a whole number of at least 1")


def _aggregator(sizes: Sizes, P: Any) -> Ints:
    h = sizes.width
    mlp, linear = P * h * h + h + P * h + P, P * P * h + P
    return (P > 1) * (sizes.mlp_aggregation * mlp + sizes.linear_aggregation * linear)


def _in_order(shape: Any, streams: Any) -> tuple[Ints, ...]:
    for each in np.ravel(np.asarray(streams, dtype=object)).tolist():
        check_streams(each)
    sizes, P = Sizes.of(shape), np.asarray(streams, dtype=np.int64)
    check_countable(sizes, P)
    groups = counted(sizes, P)
    return tuple(groups[name] for name in _GROUPS)


_GROUPS = (
    *("N", "N_backbone"),
    *("n_embedding", "n_attention", "n_mlp", "n_norm", "n_prefix", "n_aggregator", "n_head"),
)
