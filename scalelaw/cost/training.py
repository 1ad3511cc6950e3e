"""What it costs to train a decoder with P streams: floating-point operations."""

from __future__ import annotations

from typing import Literal

from scalelaw.cost.parameters import parameters
from scalelaw.cost.shape import Shape

Trained = Literal["all", "streams"]


def forward_flops(shape: Shape, streams: int = 1, *, context: int) -> dict[str, float]:
    """Floating-point operations of the forward pass, per token of text, by term.

        matmul     = 2 P (weights of attention and MLP)      a multiply and an add a weight, once a stream
        attention  = 4 P L heads head_size (T + (S + 1)/2)   scores and mixing over T prefix slots and the causal past
        aggregator = 2 (weights of the aggregator)           once a token, over the concatenated streams
        head       = 2 vocabulary width                      once a token, whatever P

    Norms, softmax, rotary positions, biases and the embedding look-up are left out, as is the custom.

    Parameters
    ----------
    shape : Shape
    streams : int
        P.
    context : int
        S, tokens a sequence.
    """
    groups = parameters(shape, streams)
    q, kv = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    biases = shape.layers * (q + 2 * kv) if shape.bias else 0
    visible = shape.prefix_slots(streams) + (context + 1) / 2
    return {
        "matmul": 2.0 * streams * (groups["n_attention"] - biases + groups["n_mlp"]),
        "attention": 4.0 * streams * shape.layers * q * visible,
        "aggregator": 2.0 * groups["n_aggregator"],
        "head": 2.0 * shape.vocabulary * shape.width,
    }


def train_flops(shape: Shape, streams: int = 1, *, tokens: float, context: int, trained: Trained = "all") -> float:
    """Floating-point operations of a training run: the column ``C`` of a runs table.

        C = tokens (forward + backward),  backward = 2 forward

    The backward pass takes gradients with respect to activations and to weights, each as dear as the forward pass. With
    ``trained="streams"`` the weights of backbone and head need none, so theirs is left out; attention has no weights
    of its own and costs twice its forward pass either way.

    Parameters
    ----------
    tokens : float
        D, tokens of text; each goes through every stream.
    context : int
        Tokens a sequence.
    trained : {"all", "streams"}
        Whether all weights are trained, or prefixes and aggregator only.

    >>> from scalelaw.cost import PAPER
    >>> plain, eight = (train_flops(PAPER["1.6B"], P, tokens=42e9, context=2048) for P in (1, 8))
    >>> round(eight / plain, 2)
    7.18
    """
    terms = forward_flops(shape, streams, context=context)
    backward = {name: 2.0 * value for name, value in terms.items()}
    if trained == "streams":
        backward |= {name: terms[name] for name in ("matmul", "head")}
    return float(tokens) * (sum(terms.values()) + sum(backward.values()))
