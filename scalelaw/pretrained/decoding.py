"""Attention of one new token over a prefix and a cache that stay where they are.

Joining the two would copy the whole cache in every layer for every token, and the cache is P times that of the model
without streams. Scores over both parts are small; only they are joined.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scalelaw.pretrained.attention import to_add


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    own: tuple[Tensor, Tensor],
    gate: Tensor | None,
    scale: float,
) -> Tensor:
    """What attention gives for one query a row, (R, 1, H, D).

    Sizes: R = P B rows, H heads, K kv heads, S tokens of text, T prefix slots.

    Parameters
    ----------
    query : Tensor
        (R, H, 1, D).
    key, value : Tensor
        (R, K, S, D).
    mask : Tensor, optional
        (R or 1, 1, 1, S), of bools or to be added to scores.
    own : tuple of Tensor
        Keys and values of the streams, (P, K, T, D).
    gate : Tensor, optional
        How much of the prefix is seen, from 0 to 1.
    scale : float
        Of scores.
    """
    k, v = (each.to(key.dtype) for each in own)
    (R, K), (P, T) = key.shape[:2], (len(k), k.shape[2])
    q = (query * scale).reshape(R * K, -1, query.shape[-1])
    before = _by_row(torch.bmm(_by_stream(q, P, K), k.flatten(0, 1).transpose(1, 2)), P, K, R)
    text = torch.bmm(q, key.flatten(0, 1).transpose(1, 2))
    if gate is not None:
        before = before + gate.log().to(before.dtype)
    if mask is not None:
        text = (text.unflatten(0, (R, K)) + to_add(mask, text.dtype)).flatten(0, 1)
    weights = torch.cat((before, text), dim=-1).softmax(dim=-1)
    of_prefix = _by_row(torch.bmm(_by_stream(weights[..., :T], P, K), v.flatten(0, 1)), P, K, R)
    seen = torch.baddbmm(of_prefix, weights[..., T:], value.flatten(0, 1))
    return seen.reshape(R, 1, -1, seen.shape[-1])


def _by_stream(rows: Tensor, P: int, K: int) -> Tensor:
    """(P B K, G, X) as (P K, B G, X): what reads one stream's prefix together."""
    if len(rows) == P * K:
        return rows
    return rows.unflatten(0, (P, -1, K)).transpose(1, 2).flatten(2, 3).flatten(0, 1)


def _by_row(streams: Tensor, P: int, K: int, rows: int) -> Tensor:
    """(P K, B G, X) as (P B K, G, X)."""
    if rows == P:
        return streams
    return streams.unflatten(0, (P, K)).unflatten(2, (rows // P, -1)).transpose(1, 2).flatten(0, 2)
