"""The decoder with P parallel streams in JAX: functions of a dict of weights; read it from top to bottom.

The same model as in :mod:`scalelaw.harness.model`, where its parts are told, and its tensors by the same names. Sizes
in comments: B batch, S tokens, W width, P streams, T prefix slots, L layers, K kv heads, G query heads to each, D head
size. The streams are an axis of their own: hidden states are (P, B, S, W).

There are no modules of Equinox or Flax. PyTorch draws the first weights and their names are those of the files, so a
module would bring a second way to begin, a tree of its own, and a table of names between the two, for layers that are a
line each here. A dict of arrays is what ``jax.grad``, ``jax.vmap`` over cells, optax and safetensors take as it is.
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
PARTS = 2  # into which the positions are split for attention: more save time and memory, and take longer to compile


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
    (P, B, S, _), K, D = x.shape, shape.kv_heads, shape.head_size
    qkv = linear(of(weights, "qkv"), x).reshape(P, B, S, -1, D).swapaxes(2, 3)  # (P, B, K G + 2 K, S, D)
    q, k, v = jnp.split(qkv, (shape.heads, shape.heads + K), axis=2)
    q, k = rotate(q, *rope).reshape(P, B, K, -1, S, D), rotate(k, *rope)
    slots, gate = 0, jnp.ones(())
    if prefix is not None:  # un-rotated, one set a stream: (P, K, T, D)
        own_k, own_v, gate = prefix
        k, v = prepend(own_k, k), prepend(own_v, v)
        slots = own_k.shape[2]
    mixed = []
    parts = min(PARTS, S)
    for part in range(parts):  # all at once would compute twice the scores that are seen
        start, end = part * S // parts, (part + 1) * S // parts
        seen = slice(None, slots + end)
        mask = visible(jnp.arange(start, end), jnp.arange(-slots, end), gate)
        mixed.append(attend(q[..., start:end, :], k[..., seen, :], v[..., seen, :], mask))
    together = jnp.concatenate(mixed, axis=4).reshape(P, B, -1, S, D)
    return linear(of(weights, "out"), together.swapaxes(2, 3).reshape(P, B, S, -1))


def prepend(own: Array, text: Array) -> Array:
    """The prefix (P, K, T, D) of each stream before its text (P, B, K, S, D)."""
    own = jnp.broadcast_to(own[:, None], (*text.shape[:3], *own.shape[2:]))
    return jnp.concatenate((own, text), axis=3)


def visible(queries: Array, keys: Array, gate: Array) -> Array:
    """What is added to the scores of keys at some positions, of which those below 0 are the prefix.

    A slot's weight in attention is multiplied by the gate, its score therefore raised by log(gate).
    """
    past = jnp.where(keys <= queries[:, None], 0.0, -jnp.inf)
    return jnp.where(keys < 0, jnp.log(gate), past)


def attend(q: Array, k: Array, v: Array, mask: Array) -> Array:
    """softmax(q k^T / sqrt(D) + mask) v for q (P, B, K, G, s, D) and k, v (P, B, K, t, D)."""
    P, B, K, G, s, D = q.shape
    scores = jnp.einsum("pbksd,pbktd->pbkst", q.reshape(P, B, K, G * s, D) / D**0.5, k) + jnp.tile(mask, (G, 1))
    share = jnp.exp(scores - jax.lax.stop_gradient(scores.max(axis=-1, keepdims=True)))
    mixed = jnp.einsum("pbkst,pbktd->pbksd", share, v) / share.sum(axis=-1, keepdims=True)
    return mixed.reshape(q.shape)


def rotary(tokens: int, size: int) -> tuple[Array, Array]:
    """Cosines and sines of rotary positions, each (S, D/2): angle t base^(-2 i/D) for pair i at position t."""
    frequency = ROPE_BASE ** -(jnp.arange(0, size, 2, dtype=jnp.float32) / size)
    angle = jnp.outer(jnp.arange(tokens, dtype=jnp.float32), frequency)
    return jnp.cos(angle), jnp.sin(angle)


def rotate(x: Array, cosine: Array, sine: Array) -> Array:
    """Turn the pairs (i, i + D/2) of x (..., S, D) by their angles."""
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
