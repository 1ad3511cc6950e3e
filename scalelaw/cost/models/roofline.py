"""A roofline that counts what the paper's arithmetic leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scalelaw.cost.hardware import Hardware
from scalelaw.cost.models.model import Terms
from scalelaw.cost.parameters import counted
from scalelaw.cost.setting import Numbers, Setting

DIFFERENCES: Mapping[str, str] = {
    "aggregator weights": "read again in every step of decoding; released reads them once for all tokens together",
    "aggregator size": "P h^2 + h + h P + P, not (h + 1) h P",
    "cache reads": "each step reads what the cache holds by then; released moves its final length twice in every step",
    "attention over the cache": "its operations are counted in decoding; released counts one key a query there",
    "causal attention": "a prompt's token sees its past, half of the prompt on average; released counts all of it",
    "prefix": "slots are keys that every token sees and not tokens that run through the layers",
    "head weights": "read in every pass; released counts the head's operations only",
    "embedding": "rows are looked up; released reads the whole table in every pass",
    "logits": "of the last token of the prompt only, as generation needs them; released computes all",
    "decoding steps": "O - 1, since the prompt's pass gives the first token; released counts O",
    "activations": "inputs and outputs of every product, gate, norm and residual sum are moved",
    "shape": "head size, biases, an MLP without a gate, untied heads; released takes heads of width / heads",
    "machine": "overhead of layers, products of few rows and the rate of attention count, where they were measured",
    "prefix parameters": "held beside the cache, which has a copy for each sequence; released holds the copies only",
}
"""What ``roofline`` does otherwise than ``released``, difference by difference."""


@dataclass(frozen=True)
class Roofline:
    """Every term takes the longer of its operations and its bytes; terms follow one another.

    With L layers of width h, q and a features of queries and of keys, m matrices (3 with a gate) of inner size i,
    vocabulary V; R = B P rows, T prefix slots, S tokens in and O out; w, c and x bytes a weight, a number of the cache
    and an activation; F operations and M bytes a second, and e F operations of attention (F = peak
    compute_efficiency, M = bandwidth memory_efficiency, e = attention_efficiency of `Hardware`). A pass of n new
    tokens, which see v keys in all (summed over the n tokens), with logits of l of them:

        projections = max( 2 [R n] W_a / F,  (w W_a + x R n L 2 (h + q + a)) / M ),   W_a = L 2 h (q + a)
        mlp         = max( 2 [R n] W_m / F,  (w W_m + x R n L (2 h + m i)) / M ),     W_m = L m h i
        attention   = max( 4 R v L q / (e F),  (2 c R L a (keys read + keys written) + x R n L 2 q) / M )
        elementwise = x R n ((10 L + 2) h + L m i) / M                                norms, residual sums, the gate
        embedding   = (w B n + x R n) h / M
        aggregator  = max( 2 [B n] W_g / F,  (w W_g + x B n (2 P + 2) h) / M ),       W_g as in `parameters`, for P > 1
        head        = max( 2 [B l] V h / F,  (w V h + x B l (h + V)) / M )
        overhead    = L overhead

    where [1] = 1 and [k] = k + product_rows above: what a product of few rows takes on a processor.

    Prefill is one pass: n = S, v = S T + S (S + 1)/2, T + S keys read and written, l = 1. Decoding is O - 1 passes of
    n = l = 1; the keys read in step j are T + S + j, in all (O - 1)(T + S) + O (O - 1)/2. The longer of operations and
    bytes is taken of all steps together, which is exact while one of the two is the longer throughout.

        memory: weights      w (N_backbone + n_embedding + n_head)
                prefixes     w n_prefix
                aggregator   w n_aggregator
                cache        2 c L a R (T + S + O)
                activations  x max( R S (2 h + max(2 q + 2 a, m i)),  R S 2 h + B S h,  R S h + B l V )

    Out of scope: several requests at once of different lengths (continuous batching), a cache shared between requests
    with one prompt (prefix caching), speculative decoding, several devices. ``int8`` and ``int4`` are the numbers
    alone; formats in blocks, such as ``q4_0`` of 4.5 bits, count their scales (`scalelaw.cost.setting.STORED`).
    Widening them takes no operations.

    Parameters
    ----------
    logits : {"last", "all"}
        Whether the prompt's pass computes the logits of its last token or of all.
    prefix : {"cache", "attention"}
        Whether the prefix is copied into the cache once, as the harness's decoder does, or put before the keys in the
        attention of each layer and not kept, as `scalelaw.pretrained` does: the cache is then 2 c L a R (S + O).

    Source
    ------
    Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785, for the roofline; operations as in Kaplan et al.
    2020, arXiv 2001.08361; what streams add from the released model of arXiv 2505.10475.
    """

    logits: Literal["last", "all"] = "last"
    prefix: Literal["cache", "attention"] = "cache"
    name: str = "roofline"

    def memory(self, setting: Setting) -> Terms:
        s, z = setting, setting.sizes
        counts = counted(z, s.streams)
        w = s.weight_bytes
        rows, held = s.batch * s.streams, s.input_tokens + s.output_tokens + s.slots * (self.prefix == "cache")
        return {
            "weights": w * (counts["N_backbone"] + counts["n_embedding"] + counts["n_head"]),
            "prefixes": w * counts["n_prefix"],
            "aggregator": w * counts["n_aggregator"],
            "cache": 2.0 * s.cache_bytes * z.layers * z.kv * rows * held,
            "activations": s.activation_bytes * self._activations(s),
        }

    def prefill(self, setting: Setting, hardware: Hardware) -> Terms:
        s = setting
        S, T = s.input_tokens.astype(float), s.slots
        logits = S if self.logits == "all" else np.asarray(1.0)
        seen = S * T + S * (S + 1) / 2
        # the prefix is written into the cache too
        return _passes(s, hardware, np.asarray(1.0), tokens=S, seen=seen, read=T + S, written=T + S, logits=logits)

    def decode(self, setting: Setting, hardware: Hardware) -> Terms:
        s = setting
        steps = self.steps(s)
        read = steps * (s.slots + s.input_tokens) + steps * (steps + 1) / 2
        one = np.asarray(1.0)
        return _passes(s, hardware, steps, tokens=one, seen=read, read=read, written=steps, logits=one)

    def steps(self, setting: Setting) -> Numbers:
        return setting.output_tokens - 1.0

    def _activations(self, s: Setting) -> Numbers:
        """Numbers held at once at the most, in the prompt's pass."""
        z, B, S = s.sizes, s.batch, s.input_tokens.astype(float)
        rows = B * s.streams * S
        layer = rows * (2 * z.width + np.maximum(2 * (z.q + z.kv), z.matrices * z.ffn))
        aggregating = (2 * rows + B * S) * z.width
        head = rows * z.width + B * z.vocabulary * (S if self.logits == "all" else 1)
        return np.maximum(np.maximum(layer, aggregating * (s.streams > 1)), head)


def _passes(
    s: Setting,
    hardware: Hardware,
    passes: Numbers,
    *,
    tokens: Numbers,
    seen: Numbers,
    read: Numbers,
    written: Numbers,
    logits: Numbers,
) -> Terms:
    """Passes of so many new tokens each; ``seen``, ``read`` and ``written`` are keys of all passes together."""
    z, rate, flow = s.sizes, hardware.rate(s.compute), hardware.flow
    B, P, L, h = s.batch, s.streams, z.layers, z.width
    w, x = s.weight_bytes, s.activation_bytes
    R = B * P
    rows = passes * R * tokens
    aggregator = counted(z, P)["n_aggregator"]

    def longer(operations: Numbers, moved: Numbers) -> Numbers:
        return np.maximum(operations / rate, moved / flow)

    def product(rows_a_pass: Numbers, weights: Numbers, moved: Numbers) -> Numbers:
        took = rows_a_pass + hardware.product_rows * (rows_a_pass > 1)
        return longer(2.0 * passes * took * weights, passes * w * weights + x * passes * moved)

    attention, mlp = 2.0 * L * h * (z.q + z.kv), 1.0 * L * z.matrices * h * z.ffn
    keys = 2.0 * s.cache_bytes * R * L * z.kv
    return {
        "projections": product(R * tokens, attention, R * tokens * L * 2.0 * (h + z.q + z.kv)),
        "mlp": product(R * tokens, mlp, R * tokens * L * (2.0 * h + z.matrices * z.ffn)),
        "attention": longer(
            4.0 * R * seen * L * z.q / hardware.attention_efficiency,
            keys * (read + written) + x * rows * L * 2.0 * z.q,
        ),
        "elementwise": x * rows * ((10.0 * L + 2.0) * h + L * z.matrices * z.ffn) / flow,
        "embedding": (w * passes * B * tokens + x * rows) * h / flow,
        "aggregator": (P > 1) * product(B * tokens, aggregator, B * tokens * (2.0 * P + 2.0) * h),
        "head": product(B * logits, 1.0 * z.vocabulary * h, B * logits * (h + z.vocabulary)),
        "overhead": passes * L * hardware.overhead,
    }
