"""The paper's own arithmetic, quirks included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.cost.hardware import Hardware
from scalelaw.cost.models.model import Terms
from scalelaw.cost.setting import Numbers, Setting
from scalelaw.cost.sizes import Sizes

NORM_BYTES, EMBEDDING_BYTES = 4, 2


@dataclass(frozen=True)
class Released:
    """What the released cost analysis of the paper computes (arXiv 2505.10475, Figures 1 and 4), reproduced.

    It rests on the package llm-analysis. With L layers of width h, a = h kv_heads / heads features of keys, inner size
    i, vocabulary V, B sequences, P streams, T prefix slots, S tokens in and O out; w, c and x bytes a weight, a number
    of the cache and an activation; F operations and M bytes a second. A pass of n tokens over R = B P rows takes

        attention(R, n) = L max( (2 R n W_a + 4 R n^2 h) / F, (w W_a + A) / M ),  W_a = 2 h^2 + 2 h a,
                          A = x R n max(3 h, 2 h + 4 heads)
        mlp(R, n)       = L max( 2 R n W_m / F, (w W_m + x R n max(h, i)) / M ),  W_m = 3 h i
        norm(R, n)      = 2 L 4 R n h / M
        embedding       = 2 V h / M
        head(R, n)      = 2 R n V h / F

    and the whole

        prefill    = pass(B P, S + T)
        decode     = O ( pass(B P, 1) + 2 cache / M )
        aggregator = (h + 1) h P / (L W_m) mlp(B, S + O)                      for P > 1; split here by S : O
        head       less (P - 1) head(B, S + O)
        cache      = 2 c L B P a (S + T + O)
        memory     = cache + w (L (W_a + W_m + 2 h) + h) + 2 V h + w (h + 1) h P + prefill activations,
                     which are x max( B P (S + T) max(3 h, 2 h + 4 heads, h, i), V B (S + T) )

    What it leaves out is in :data:`scalelaw.cost.DIFFERENCES`.

    Source
    ------
    The formulas of llm-analysis (github.com/cli99/llm-analysis), and what the paper's script adds to them; checked
    against 192 settings that the script printed, all of which agree to 4e-9.
    """

    name: str = "released"

    def memory(self, setting: Setting) -> Terms:
        s, z = setting, setting.sizes
        rows, tokens = s.batch * s.streams, s.input_tokens + s.slots
        layer = np.maximum(_attention_features(z), np.maximum(z.width, z.ffn))
        activations = np.maximum(rows * tokens * layer, z.vocabulary * s.batch * tokens)
        weights = z.layers * (_attention_weights(z) + _mlp_weights(z) + 2 * z.width) + z.width
        return {
            "weights": s.weight_bytes * weights + EMBEDDING_BYTES * z.vocabulary * z.width,
            "aggregator": s.weight_bytes * _aggregator_weights(s),
            "cache": _cache(s),
            "activations": s.activation_bytes * activations,
        }

    def prefill(self, setting: Setting, hardware: Hardware) -> Terms:
        s = setting
        terms = _pass(s, hardware, s.input_tokens + s.slots)
        terms["head"] = terms["head"] - (s.streams - 1) * _head(s, hardware, s.batch, s.input_tokens)
        share = s.input_tokens / (s.input_tokens + s.output_tokens)
        return {**terms, "aggregator": share * _aggregator(s, hardware)}

    def decode(self, setting: Setting, hardware: Hardware) -> Terms:
        s = setting
        terms = {name: s.output_tokens * value for name, value in _pass(s, hardware, np.asarray(1)).items()}
        terms["head"] = terms["head"] - (s.streams - 1) * _head(s, hardware, s.batch, s.output_tokens)
        share = s.output_tokens / (s.input_tokens + s.output_tokens)
        cache = s.output_tokens * 2 * _cache(s) / hardware.flow
        return {**terms, "cache": cache, "aggregator": share * _aggregator(s, hardware)}

    def steps(self, setting: Setting) -> Numbers:
        return setting.output_tokens.astype(float)


def _pass(s: Setting, hardware: Hardware, tokens: Numbers) -> Terms:
    """One pass of so many tokens of every sequence of every stream."""
    z, rows = s.sizes, s.batch * s.streams
    rate, flow = hardware.rate(s.compute), hardware.flow
    weights = _attention_weights(z)
    operations = 2.0 * rows * tokens * weights + 4.0 * rows * tokens * tokens * z.width
    moved = s.weight_bytes * weights + s.activation_bytes * rows * tokens * _attention_features(z)
    return {
        "attention": z.layers * np.maximum(operations / rate, moved / flow),
        "mlp": _mlp(s, hardware, rows, tokens),
        "norm": 2.0 * z.layers * NORM_BYTES * rows * tokens * z.width / flow,
        "embedding": EMBEDDING_BYTES * z.vocabulary * z.width / flow,
        "head": _head(s, hardware, rows, tokens),
    }


def _mlp(s: Setting, hardware: Hardware, rows: Numbers, tokens: Numbers) -> Numbers:
    z, weights = s.sizes, _mlp_weights(s.sizes)
    moved = s.weight_bytes * weights + s.activation_bytes * rows * tokens * np.maximum(z.width, z.ffn)
    return z.layers * np.maximum(2.0 * rows * tokens * weights / hardware.rate(s.compute), moved / hardware.flow)


def _head(s: Setting, hardware: Hardware, rows: Numbers, tokens: Numbers) -> Numbers:
    return 2.0 * rows * tokens * s.sizes.vocabulary * s.sizes.width / hardware.rate(s.compute)


def _aggregator(s: Setting, hardware: Hardware) -> Numbers:
    share = _aggregator_weights(s) / (s.sizes.layers * _mlp_weights(s.sizes))
    return share * _mlp(s, hardware, s.batch, s.input_tokens + s.output_tokens)


def _cache(s: Setting) -> Numbers:
    z = s.sizes
    keys = z.width * z.kv_heads / z.heads
    tokens = s.input_tokens + s.slots + s.output_tokens
    return 2.0 * s.cache_bytes * z.layers * s.batch * s.streams * keys * tokens


def _attention_weights(z: Sizes) -> Numbers:
    return 2.0 * z.width * z.width + 2.0 * z.width * (z.width * z.kv_heads / z.heads)


def _attention_features(z: Sizes) -> Numbers:
    return np.maximum(3.0 * z.width, 2.0 * z.width + 4.0 * z.heads)


def _mlp_weights(z: Sizes) -> Numbers:
    return 1.0 * z.matrices * z.width * z.ffn


def _aggregator_weights(s: Setting) -> Numbers:
    return 1.0 * (s.streams > 1) * (s.sizes.width + 1) * s.sizes.width * s.streams
