"""Streams asked of a model that may have none."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, cast

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.model import WithStreams
from scalelaw.pretrained.selection import resolve


def streams_asked(model: Any, asked: Any) -> int:
    """P of a request to a model, with streams or without.

    Raises
    ------
    PretrainedError
        If the model has no such streams.
    """
    if isinstance(model, WithStreams):
        key = resolve(cast(Any, model).get_decoder(), asked)
        return 1 if key is None else len(key[1])
    if asked is not None and not (type(asked) is int and asked == 1):
        raise PretrainedError(
            f"streams {asked!r} are asked of a model that has none; ask for 1, or give it streams with add_streams or "
            f"load_streams (in the shell: name a folder of streams, or give --streams-from)"
        )
    return 1


def check_counts(**counts: Any) -> None:
    """Refuse what is neither a whole number of at least 1 nor, where None is given, left open."""
    for name, value in counts.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, Integral) or value < 1):
            raise PretrainedError(f"{name} is {value!r}; it must be a whole number of at least 1")


def check_texts(**texts: Any) -> None:
    """Refuse one text where several are meant, which would be taken letter by letter."""
    for name, value in texts.items():
        if isinstance(value, str | bytes):
            raise PretrainedError(f"{name} is one text; give a list of texts, [text] for one")


def check_temperature(value: Any) -> None:
    """Refuse what is no temperature."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
        raise PretrainedError(f"temperature is {value!r}; it is 0, for the likeliest, or a number above 0")


def arguments_of(model: Any, asked: Any) -> dict[str, Any]:
    """The request as arguments of a call; a model without streams takes none, and is what P = 1 asks for.

    Raises
    ------
    PretrainedError
        If the model has no such streams.
    """
    streams_asked(model, asked)
    return {} if asked is None or not isinstance(model, WithStreams) else {"streams": asked}
