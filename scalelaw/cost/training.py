"""What it costs to train a decoder with P streams: floating-point operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, overload

import numpy as np

from scalelaw.cost.parameters import Shapes, check_countable, check_streams, counted
from scalelaw.cost.setting import whole
from scalelaw.cost.shape import Shape
from scalelaw.cost.sizes import Sizes
from scalelaw.errors import ScalelawError

Trained = Literal["all", "streams"]
Floats = np.ndarray[Any, np.dtype[np.float64]]


@overload
def forward_flops(shape: Shape, streams: int = 1, *, context: int) -> dict[str, float]: ...
@overload
def forward_flops(shape: Shape | Shapes, streams: Any = 1, *, context: Any) -> dict[str, Floats]: ...
def forward_flops(shape: Shape | Shapes, streams: Any = 1, *, context: Any) -> dict[str, float] | dict[str, Floats]:
    """Floating-point operations of the forward pass, per token of text, by term.

        matmul     = 2 P (weights of attention and MLP)      a multiply and an add a weight, once a stream
        attention  = 4 P L heads head_size (T + (S + 1)/2)   scores and mixing over T prefix slots and the causal past
        aggregator = 2 (weights of the aggregator)           once a token, over the concatenated streams
        head       = 2 vocabulary width                      once a token, whatever P

    Norms, softmax, rotary positions, biases and the embedding look-up are left out, as is the custom.

    Parameters
    ----------
    shape : Shape, or sequence or array of Shape
    streams : int or array of int
        P.
    context : int or array of int
        S, tokens a sequence.

    Returns
    -------
    dict of str to float, or to arrays where an argument is one

    Raises
    ------
    ScalelawError
        If P or the context is not a whole number of at least 1.

    Source
    ------
    Kaplan et al. 2020, arXiv 2001.08361, section 2.1, for one stream; the layers run once for each stream, embedding,
    aggregator and head once (arXiv 2505.10475).
    """
    sizes = Sizes.of(shape)
    for each in np.ravel(np.asarray(streams, dtype=object)).tolist():
        check_streams(each)
    P = np.asarray(streams, dtype=np.int64)
    check_countable(sizes, P)
    visible = sizes.slots(P) + (whole("context", context) + 1) / 2
    terms = {
        "matmul": 2.0 * P * layer_weights(sizes),
        "attention": 4.0 * P * sizes.layers * sizes.q * visible,
        "aggregator": 2.0 * counted(sizes, P)["n_aggregator"],
        "head": 2.0 * sizes.vocabulary * sizes.width,
    }
    if all(np.ndim(value) == 0 for value in terms.values()):
        return {name: float(value) for name, value in terms.items()}
    return dict(zip(terms, np.broadcast_arrays(*terms.values()), strict=True))


def layer_weights(sizes: Sizes) -> Any:
    """Weights in the matrices of all layers, those of attention and of the MLP, without biases."""
    attention = 2 * sizes.width * (sizes.q + sizes.kv)
    return sizes.layers * (attention + sizes.matrices * sizes.width * sizes.ffn)


@overload
def train_flops(
    shape: Shape,
    streams: int = 1,
    *,
    tokens: float,
    context: int,
    trained: Trained = "all",
    checkpointing: bool = False,
) -> float: ...
@overload
def train_flops(
    shape: Shape | Shapes,
    streams: Any = 1,
    *,
    tokens: Any,
    context: Any,
    trained: Trained = "all",
    checkpointing: bool = False,
) -> Floats: ...
def train_flops(
    shape: Shape | Shapes,
    streams: Any = 1,
    *,
    tokens: Any,
    context: Any,
    trained: Trained = "all",
    checkpointing: bool = False,
) -> float | Floats:
    """Floating-point operations of a training run: the column ``C`` of a runs table.

        C = tokens (forward + backward),  backward = 2 forward

    The backward pass takes gradients with respect to activations and to weights, each as dear as the forward pass: both
    are sums over all streams, so that it too costs P times as much. With ``trained="streams"`` the weights of backbone
    and head need no gradients, so theirs is left out; attention has no weights of its own and costs twice its forward
    pass either way. With checkpointing the layers run forward a second time, and C is about 4/3 of what it was.

    Parameters
    ----------
    shape : Shape, or sequence or array of Shape
    streams : int or array of int
        P.
    tokens : float or array
        D, tokens of text; each goes through every stream.
    context : int or array of int
        Tokens a sequence.
    trained : {"all", "streams"}
        Whether all weights are trained, or prefixes and aggregator only.
    checkpointing : bool
        Whether what a layer computed is computed again in the backward pass instead of kept.

    Raises
    ------
    ScalelawError
        If P or the context is not a whole number of at least 1, the tokens are no number from 0, or ``trained`` is
        neither.

    >>> from scalelaw.cost import PAPER
    >>> plain, eight = (train_flops(PAPER["1.6B"], P, tokens=42e9, context=2048) for P in (1, 8))
    >>> round(eight / plain, 2)
    7.18
    """
    check_trained(trained)
    D = np.asarray(tokens, dtype=float)
    if not (D >= 0).all():
        raise ScalelawError(f"tokens is {tokens!r}; it must be a number of training tokens, at least 0")
    terms = forward_flops(shape, streams, context=context)
    again = terms["matmul"] + terms["attention"] if checkpointing else 0.0
    flops = D * (with_backward(terms, trained) + again)
    return float(flops) if np.ndim(flops) == 0 else flops


def check_trained(trained: object) -> None:
    """Refuse what is not a choice of what is trained."""
    if trained not in get_args(Trained):
        raise ScalelawError(f"trained is {trained!r}; choose {' or '.join(get_args(Trained))}")


def with_backward(terms: Mapping[str, Any], trained: Trained = "all") -> Any:
    """Forward and backward pass of some terms of :func:`forward_flops`, per token; see :func:`train_flops`."""
    backward = {name: 2.0 * value for name, value in terms.items()}
    if trained == "streams":
        backward |= {name: terms[name] for name in ("matmul", "head")}
    return sum(terms.values()) + sum(backward.values())


def nested_counts(streams: int) -> tuple[int, ...]:
    """What a nested set of streams serves: P of 1, 2, 4, ..., and the number of its streams itself.

    >>> nested_counts(8), nested_counts(6)
    ((1, 2, 4, 8), (1, 2, 4, 6))
    """
    powers = (2**i for i in range(streams.bit_length()))
    return tuple(sorted({*(P for P in powers if streams >= P), streams}))
