"""What a model's configuration says of a run: N, P, and the FLOPs of a token, streams counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scalelaw.cost import Shape, parameters
from scalelaw.cost.training import Trained, forward_flops, nested_counts, with_backward
from scalelaw.errors import RunsError, ScalelawError


def shape_of(config: Mapping[str, Any], where: Any) -> Shape:
    """The shape that a ``config.json`` tells; the error names the run that it is of."""
    try:
        return Shape.from_config(config)
    except ScalelawError as error:
        raise RunsError(f"{where}: {error}") from None


def streams_of(config: Mapping[str, Any]) -> int:
    """P: ``parscale_n``, and 1 for a model that has none."""
    return int(config.get("parscale_n", 1))


def flops_a_token(shape: Shape, P: int, *, trained: Trained, context: int | None, nested: bool = False) -> float:
    """Training FLOPs of a token of text; without a context those of attention over it are left out.

    Of a ``nested`` set they are a mean over the P that its steps draw, evenly, where P = 1 has a prefix too.
    """
    if nested:
        own = replace(shape, prefix_at_one=True)
        each = [flops_a_token(own, count, trained=trained, context=context) for count in nested_counts(P)]
        return sum(each) / len(each)
    terms = forward_flops(shape, P, context=1 if context is None else context)
    if context is None:
        del terms["attention"]
    return float(with_backward(terms, trained))


def tokens_of_flos(total_flos: float, shape: Shape, P: int) -> float:
    """D of transformers' ``total_flos``, which is 6 D (N and an untied head) whatever P is."""
    counts = parameters(shape, P)
    return total_flos / (6 * (counts["N"] + counts["n_head"]))


def check_trained(trained: str) -> None:
    """
    Raises
    ------
    RunsError
        If it is neither ``all`` nor ``streams``.
    """
    if trained not in ("all", "streams"):
        raise RunsError(f"trained is {trained!r}; it is all or streams")
