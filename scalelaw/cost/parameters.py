"""How many parameters a decoder with P streams has, in groups."""

from __future__ import annotations

from scalelaw.cost.shape import Shape
from scalelaw.errors import ScalelawError


def parameters(shape: Shape, streams: int = 1) -> dict[str, int]:
    """Parameters by group, as the columns of a runs table.

    For L layers of width h with q = heads * head_size, kv = kv_heads * head_size, inner size i and T prefix slots:

        n_attention  = L (h q + 2 h kv + q h)   and L (q + 2 kv) more with biases
        n_mlp        = 3 L h i
        n_norm       = (2 L + 1) h
        n_prefix     = 2 L P kv T
        n_aggregator = P h^2 + h + P h + P  (mlp),  P^2 h + P  (linear),  0  (mean, or P = 1)
        N_backbone   = n_attention + n_mlp + n_norm
        N            = N_backbone + n_prefix + n_aggregator

    Parameters
    ----------
    shape : Shape
    streams : int
        P, at least 1. At P = 1 there is no aggregator, and no prefix unless ``shape.prefix_at_one``.

    Returns
    -------
    dict
        ``N``, ``N_backbone`` and the groups, ``n_embedding`` and ``n_head`` (0 where tied) among them.

    Source
    ------
    The released model of arXiv 2505.10475: the formula gives the paper's 24 parameter counts exactly.

    >>> from scalelaw.cost import PAPER
    >>> parameters(PAPER["1.6B"], streams=8)["N"]
    1595669000
    """
    check_streams(streams)
    h, L = shape.width, shape.layers
    q, kv = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    groups = {
        "n_embedding": shape.vocabulary * h,
        "n_attention": L * (2 * h * q + 2 * h * kv + (q + 2 * kv if shape.bias else 0)),
        "n_mlp": 3 * L * h * shape.ffn,
        "n_norm": (2 * L + 1) * h,
        "n_prefix": 2 * L * streams * kv * shape.prefix_slots(streams),
        "n_aggregator": _aggregator(shape, streams),
        "n_head": 0 if shape.tied else shape.vocabulary * h,
    }
    backbone = groups["n_attention"] + groups["n_mlp"] + groups["n_norm"]
    return {"N": backbone + groups["n_prefix"] + groups["n_aggregator"], "N_backbone": backbone, **groups}


def check_streams(streams: int) -> None:
    """Refuse what is not a number of streams."""
    if not isinstance(streams, int) or isinstance(streams, bool) or streams < 1:
        raise ScalelawError(f"streams is {streams!r}; P must be a whole number of at least 1")


def _aggregator(shape: Shape, streams: int) -> int:
    h = shape.width
    if streams == 1 or shape.aggregation == "mean":
        return 0
    if shape.aggregation == "linear":
        return streams * streams * h + streams
    return streams * h * h + h + streams * h + streams
