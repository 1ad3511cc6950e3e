"""How much memory it takes to train a decoder with P streams, and to evaluate it on the way."""

from __future__ import annotations

from scalelaw.cost.parameters import check_streams, parameters
from scalelaw.cost.setting import whole
from scalelaw.cost.shape import Shape
from scalelaw.cost.training import Trained, check_trained

QUERIES = 32  # that attention takes at a time where it keeps probabilities


def train_memory(
    shape: Shape,
    streams: int = 1,
    *,
    batch: int,
    context: int,
    trained: Trained = "all",
    checkpointing: bool = False,
    keeps_probabilities: bool = False,
    bytes_each: int = 4,
) -> dict[str, float]:
    """Bytes that a training step holds at its peak, by what they are for.

    With W = N + n_embedding + n_head weights, of which U are trained, B S tokens a step, width h, q and kv the
    features of queries and of keys, ffn i, vocabulary V, T prefix slots and P streams:

        weights     = W                          gradients = U          moments = 2 U  (AdamW's two)
        layer       = 6 h + 2 q + 2 kv (S + T) / S + 4 i + 2                 2 i without a gate
        layer       = 2 h + q + 2 kv (S + T) / S + 3 i + 2                   with a frozen base, trained="streams"; i
        layer      += H (T + (S + 32) / 2)                                   where probabilities are kept, H heads
        activations = B S (P (L layer + 3 h) + aggregator + 3 V),  aggregator = P h + 3 h + 3 P  (P > 1)
        activations = B S (P (L h + layer + 3 h) + aggregator + 3 V)         with checkpointing

    each times ``bytes_each``. A layer keeps, for every token of every stream: what goes into its two norms, what comes
    out before their weights and after (h each) and one scale each, the rotated queries and keys, values, what attention
    gives, and the four inner products of the gated MLP. Of a frozen layer only what gradients with respect to
    activations need is kept: inputs of products with frozen weights are not, and for the same reason 3 h is h after
    the layers and 2 h in the aggregator. With checkpointing a layer keeps its
    input, and one layer at a time is computed again. The head keeps logits, their log-softmax and its gradient. Left
    out are buffers that live for one operation only, and the memory of torch itself (about 200 MB of a process).

    Parameters
    ----------
    shape : Shape
    streams : int
        P.
    batch, context : int
        B sequences a step, and S tokens a sequence.
    trained : {"all", "streams"}
        What has gradients and moments.
    checkpointing : bool
        Whether layers are computed again in the backward pass instead of kept; `train_flops` counts what that costs.
    keeps_probabilities : bool
        Whether attention keeps its probabilities, as the harness does in fp32 on a CPU in texts of up to 512 keys: of
        32 queries at a time, for the keys up to the last of them. Fused kernels keep none.
    bytes_each : int
        4 for fp32.

    Returns
    -------
    dict of str to float
        ``weights``, ``gradients``, ``moments``, ``activations`` in bytes, and ``total``.

    Raises
    ------
    ScalelawError
        If a number is not a whole one of at least 1, or ``trained`` is neither.

    >>> memory = train_memory(Shape.scaled(width=64, layers=4), 2, batch=16, context=256)
    >>> round(memory["total"] / 1e6)
    198
    """
    check_trained(trained)
    for name, value in (("batch", batch), ("context", context)):
        whole(name, value)
    groups = parameters(shape, streams)
    weights = groups["N"] + groups["n_embedding"] + groups["n_head"]
    updated = weights if trained == "all" else groups["n_prefix"] + groups["n_aggregator"]
    counted = {
        "weights": weights,
        "gradients": updated,
        "moments": 2 * updated,
        "activations": batch
        * context
        * _floats_a_token(shape, streams, context, trained, checkpointing, keeps_probabilities),
    }
    memory = {name: float(bytes_each * count) for name, count in counted.items()}
    return memory | {"total": sum(memory.values())}


def evaluation_memory(shape: Shape, streams: int = 1, *, windows: int, context: int, bytes_each: int = 4) -> float:
    """Bytes that a held-out evaluation of some windows at once takes beside the weights, at its peak.

    With the sizes of :func:`train_memory`, W windows, and the features q and kv of queries and keys:

        attention  = 2 h + 5 q + 3 kv + 4 kv (S + T) / S
        mlp        = 3 h + 4 i                        2 i without a gate
        evaluation = W S max(P attention, P mlp, h + 2 V)

    Nothing is kept for a backward pass, so one layer of all streams, or the logits with their log-softmax, is the peak.

    >>> round(evaluation_memory(Shape.scaled(width=64, layers=4), 2, windows=16, context=256) / 1e6)
    29
    """
    check_streams(streams)
    for name, value in (("windows", windows), ("context", context)):
        whole(name, value)
    h, q, kv = shape.width, shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    joined = 2 * kv * (context + shape.prefix_slots(streams)) / context
    layer = max(2 * h + 5 * q + 3 * kv + 2 * joined, 3 * h + (4 if shape.gated else 2) * shape.ffn)
    return float(bytes_each * windows * context * max(streams * layer, h + 2 * shape.vocabulary))


def _floats_a_token(
    shape: Shape, streams: int, context: int, trained: Trained, checkpointing: bool, keeps_probabilities: bool
) -> float:
    """Numbers kept for the backward pass, per token of text."""
    h, q, kv = shape.width, shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    slots = shape.prefix_slots(streams)
    joined = 2 * kv * (context + slots) / context
    layer = 6 * h + 2 * q + joined + (4 if shape.gated else 2) * shape.ffn + 2
    if trained == "streams":
        layer = 2 * h + q + joined + (3 if shape.gated else 1) * shape.ffn + 2
    if keeps_probabilities:
        layer += shape.heads * (slots + (context + QUERIES) / 2)
    kept = shape.layers * h + layer if checkpointing else shape.layers * layer
    last, hidden = (1, 2) if trained == "streams" else (3, 3)
    aggregator = (streams + hidden) * h + 3 * streams if streams > 1 else 0
    return streams * (kept + last * h) + aggregator + 3 * shape.vocabulary
