"""The decoder with P parallel streams in JAX: functions of a dict of weights; read it from top to bottom.

The same model as in :mod:`scalelaw.harness.model`, where its parts are told, and its tensors by the same names. Sizes
in comments: B batch, S tokens, W width, P streams, T prefix slots, L layers, K kv heads, G query heads to each, D head
size. The streams are an axis of their own: hidden states are (P, B, S, W).
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

from scalelaw.cost import Shape
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import EPSILON, ROPE_BASE

Weights = Mapping[str, Array]


def logits(weights: Weights, tokens: Array, shape: Shape, streams: Streams) -> Array:
    """Logits (B, S, vocabulary) of the token after each of ``tokens`` (B, S).

    Parameters
    ----------
    weights : mapping of str to array
        Named as the state dict of :class:`scalelaw.harness.Model`, ``prefix_gate`` included.
    tokens : integer array of shape (B, S)
    shape, streams : Shape, Streams
        What the weights belong to; static where the function is compiled.
    """
    hidden = aggregate(weights, each_stream(weights, tokens, shape, streams), streams)
    return hidden @ weights["embedding.weight" if shape.tied else "head.weight"].T


def loss(weights: Weights, tokens: Array, targets: Array, shape: Shape, streams: Streams) -> Array:
    """Mean cross-entropy in nats of ``targets`` (B, S), the tokens that follow ``tokens`` (B, S)."""
    return token_losses(weights, tokens, targets, shape, streams).mean()


def token_losses(weights: Weights, tokens: Array, targets: Array, shape: Shape, streams: Streams) -> Array:
    """Cross-entropy (B, S) of each token, in nats."""
    scores = logits(weights, tokens, shape, streams)
    return jax.nn.logsumexp(scores, axis=-1) - jnp.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]


def each_stream(weights: Weights, tokens: Array, shape: Shape, streams: Streams) -> Array:
    """Hidden states of every stream, (P, B, S, W), after the final norm."""
    x = jnp.repeat(weights["embedding.weight"][tokens][None], streams.count, axis=0)
    rope = rotary(tokens.shape[1], shape.head_size)
    for i, prefix in enumerate(prefixes(weights, shape, streams)):
        x = block(of(weights, f"blocks.{i}"), x, shape, rope, prefix)
    return norm(x, weights["norm.weight"])


def block(weights: Weights, x: Array, shape: Shape, rope: tuple[Array, Array], prefix: Prefix | None) -> Array:
    x = x + attention(of(weights, "attention"), norm(x, weights["attention_norm.weight"]), shape, rope, prefix)
    return x + mlp(of(weights, "mlp"), norm(x, weights["mlp_norm.weight"]))


def norm(x: Array, weight: Array) -> Array:
    """RMSNorm: x / sqrt(mean(x^2) + epsilon) * weight."""
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + EPSILON) * weight


def mlp(weights: Weights, x: Array) -> Array:
    """Gated: down(silu(gate(x)) * up(x))."""
    gate, up = jnp.split(linear(of(weights, "gate_up"), x), 2, axis=-1)
    return linear(of(weights, "down"), jax.nn.silu(gate) * up)


def attention(weights: Weights, x: Array, shape: Shape, rope: tuple[Array, Array], prefix: Prefix | None) -> Array:
    """Grouped-query attention over the causal past and, with streams, over each stream's prefix."""
    K, D, S = shape.kv_heads, shape.head_size, x.shape[2]
    qkv = linear(of(weights, "qkv"), x).reshape(*x.shape[:3], -1, D)  # (P, B, S, K G + 2 K, D)
    q, k, v = jnp.split(qkv, (shape.heads, shape.heads + K), axis=3)
    q = rotate(q, *rope).reshape(*x.shape[:3], K, shape.heads // K, D) / D**0.5
    k = rotate(k, *rope)
    past = jnp.tril(jnp.ones((S, S), dtype=bool))
    scores = jnp.where(past, jnp.einsum("pbskgd,pbtkd->pbkgst", q, k), -jnp.inf)
    if prefix is not None:  # un-rotated, and seen from everywhere
        own_k, own_v, gate = prefix
        own = jnp.einsum("pbskgd,pktd->pbkgst", q, own_k) + jnp.log(gate)
        seen = jax.nn.softmax(jnp.concatenate((own, scores), axis=-1), axis=-1)
        own, seen = jnp.split(seen, (own_k.shape[2],), axis=-1)
        mixed = jnp.einsum("pbkgst,pktd->pbskgd", own, own_v) + jnp.einsum("pbkgst,pbtkd->pbskgd", seen, v)
    else:
        mixed = jnp.einsum("pbkgst,pbtkd->pbskgd", jax.nn.softmax(scores, axis=-1), v)
    return linear(of(weights, "out"), mixed.reshape(*x.shape[:3], -1))


def rotary(tokens: int, size: int) -> tuple[Array, Array]:
    """Cosines and sines of rotary positions, each (S, 1, D/2): angle t base^(-2 i/D) for pair i at position t."""
    frequency = ROPE_BASE ** -(jnp.arange(0, size, 2, dtype=jnp.float32) / size)
    angle = jnp.outer(jnp.arange(tokens, dtype=jnp.float32), frequency)
    return jnp.cos(angle)[:, None], jnp.sin(angle)[:, None]


def rotate(x: Array, cosine: Array, sine: Array) -> Array:
    """Turn the pairs (i, i + D/2) of x (..., S, heads, D) by their angles."""
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate((first * cosine - second * sine, second * cosine + first * sine), axis=-1)


Prefix = tuple[Array, Array, Array]  # keys and values, each (P, K, T, D), and how much of them is seen


def prefixes(weights: Weights, shape: Shape, streams: Streams) -> list[Prefix | None]:
    """The prefix layer by layer: parameters of its own, or made by a two-layer tanh MLP from a learned table."""
    slots = shape.prefix_slots(streams.count)
    if not slots:
        return [None] * shape.layers
    if streams.prefix == "direct":
        k, v = weights["prefix.k"], weights["prefix.v"]
    else:
        made = jnp.tanh(linear(of(weights, "prefix.inner"), weights["prefix.table"]))
        made = linear(of(weights, "prefix.outer"), made)
        made = made.reshape(streams.count, slots, shape.layers, 2, shape.kv_heads, shape.head_size)
        k, v = made.transpose(3, 2, 0, 4, 1, 5)  # (2, L, P, K, T, D)
    return [(k[i], v[i], weights["prefix_gate"]) for i in range(shape.layers)]


def aggregate(weights: Weights, h: Array, streams: Streams) -> Array:
    """The weighted sum (B, S, W) of the streams h (P, B, S, W)."""
    if streams.count == 1:
        return h[0]
    return jnp.einsum("bsp,pbsw->bsw", stream_weights(of(weights, "aggregator"), h, streams.smoothing), h)


def stream_weights(weights: Weights, h: Array, smoothing: float) -> Array:
    """Weights (B, S, P) of the streams: w = (1 - epsilon) softmax(f(h_1, ..., h_P)) + epsilon/P.

    f is a two-layer SiLU MLP or one linear layer over the concatenated streams, or nothing: equal weights.
    """
    P, B, S, W = h.shape
    if not weights:
        return jnp.full((B, S, P), 1 / P, h.dtype)
    x = h.transpose(1, 2, 0, 3).reshape(B, S, P * W)  # the features of a stream stay together
    x = jax.nn.silu(linear(of(weights, "inner"), x)) if "inner.weight" in weights else x
    w = jax.nn.softmax(linear(of(weights, "outer"), x), axis=-1)
    return w * (1 - smoothing) + smoothing / P


def linear(weights: Weights, x: Array) -> Array:
    y = x @ weights["weight"].T
    return y + weights["bias"] if "bias" in weights else y


def of(weights: Weights, part: str) -> Weights:
    """The weights of one part, by their names in it."""
    part += "."
    return {name.removeprefix(part): value for name, value in weights.items() if name.startswith(part)}
