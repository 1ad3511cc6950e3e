"""The paper's family of shapes, at any size."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from scalelaw.cost.parameters import check_streams, parameters
from scalelaw.cost.shape import Shape, check_whole
from scalelaw.errors import ScalelawError

WIDTH_STEP, FFN_STEP = 32, 8
_LAYERS, _HEADS, _KV_HEADS, _VOCABULARY = 36, 16, 2, 151936


def of_width(width: int, **others: Any) -> Shape:
    """The shape of the paper's family at a width that is a multiple of 32; see :meth:`Shape.sized`.

    >>> from scalelaw.cost import PAPER
    >>> all(of_width(shape.width) == shape for shape in PAPER.values())
    True
    """
    given: dict[str, Any] = {"layers": _LAYERS, "heads": _HEADS, "kv_heads": _KV_HEADS, "vocabulary": _VOCABULARY}
    given |= {"width": width, "ffn": -(-43 * width // (8 * 128)) * 128} | others
    return Shape(head_size=width // given["heads"], **given)


def sized(N: int | float | str, streams: int = 1, **others: Any) -> Shape:
    """The shape of :meth:`Shape.sized`."""
    wanted = read_size(N)
    check_streams(streams)
    _check(others)
    step = 2 * others.get("heads", _HEADS)
    low, high = step, step
    while parameters(of_width(high, **others), streams)["N"] < wanted:
        low, high = high, 2 * high
    while high - low > step:
        middle = (low + high) // (2 * step) * step
        low, high = (middle, high) if parameters(of_width(middle, **others), streams)["N"] < wanted else (low, middle)
    fitted = [_fitted(of_width(width, **others), streams, wanted) for width in (low, high)]
    best = min(fitted, key=lambda shape: abs(parameters(shape, streams)["N"] - wanted))
    least = parameters(best, streams)["N"]
    if least > 1.5 * wanted:
        raise ScalelawError(
            f"the smallest shape of the paper's family has {least:,} parameters at {best.layers} layers, and {N} were "
            f"asked for; make one with Shape.scaled(width=..., layers=...)"
        )
    return best


def smallest(**others: Any) -> Shape:
    """The shape of the family with the fewest parameters.

    >>> parameters(smallest())["N"]
    114368
    """
    _check(others)
    return _fitted(of_width(2 * others.get("heads", _HEADS), **others), 1, 0)


def read_size(N: int | float | str) -> float:
    """A number of parameters, or a quantity such as ``"1.6B"``."""
    from scalelaw.runs.quantities import quantity

    value = quantity(N) if isinstance(N, str) else N
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e16:
        raise ScalelawError(f"N={N!r} is not a number of parameters; write one such as 1.6e9 or '1.6B'")
    return float(value)


def _fitted(shape: Shape, streams: int, wanted: float) -> Shape:
    """The shape with the ffn, in steps from its own, that comes nearest to the parameters wanted."""
    matrices = 3 if shape.gated else 2
    a_step = matrices * shape.layers * shape.width * FFN_STEP
    steps = round((wanted - parameters(shape, streams)["N"]) / a_step)
    return replace(shape, ffn=max(FFN_STEP, shape.ffn + steps * FFN_STEP))


def _check(others: dict[str, Any]) -> None:
    """Refuse what is no field of a shape, or one that follows from N."""
    known = [each.name for each in fields(Shape)]
    if unknown := sorted(set(others) - set(known)):
        raise ScalelawError(f"a shape has no field {unknown[0]!r}; its fields are {', '.join(known)}")
    if at_width := sorted({"ffn", "width", "head_size"} & set(others)):
        raise ScalelawError(f"{at_width[0]} follows from N here; leave it out, or make a Shape of your own")
    if "heads" in others:
        check_whole("heads", others["heads"], least=1)
