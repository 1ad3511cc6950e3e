"""What is served: which model, how many sequences of which lengths, in which data types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.cost.parameters import check_countable, check_streams
from scalelaw.cost.sizes import Ints, Sizes
from scalelaw.errors import ScalelawError

Numbers = np.ndarray[Any, np.dtype[Any]]
"""Whole numbers or floats, of any dimensions or none."""
BITS = {"fp32": 32, "tf32": 32, "fp16": 16, "bf16": 16, "fp8": 8, "int8": 8, "int4": 4}
"""Bits a number, by data type."""
TRAINED_IN = ("fp32", "bf16", "fp16")
"""Data types that whole models are trained and measured in."""
STORED = {**BITS, "q8_0": 8.5, "q4_0": 4.5, "nf4": 4.5, "nvfp4": 4.5, "mxfp4": 4.25}
"""Bits a stored number: also of formats in blocks, the scale of each block included.

GGUF's q8_0 and q4_0 have 16 bits of scale for 32 numbers, bitsandbytes' nf4 has 32 for 64, nvfp4 has 8 for 16 and mxfp4
8 for 32. int8 and int4 are the numbers alone.
"""


@dataclass(frozen=True)
class Setting:
    """Arrays that broadcast against each other: one number or array for each thing that a cost depends on.

    Attributes
    ----------
    sizes : Sizes
        Of the shapes.
    streams, batch, input_tokens, output_tokens : arrays of whole numbers
        P, B, S and O.
    weight_bytes, cache_bytes : arrays
        Bytes a weight and a number of the cache.
    compute : str
        Data type that products are computed in, and activations are kept in.
    """

    sizes: Sizes
    streams: Ints
    batch: Ints
    input_tokens: Ints
    output_tokens: Ints
    weight_bytes: Numbers
    cache_bytes: Numbers
    compute: str

    @property
    def activation_bytes(self) -> float:
        """Bytes a number of the activations."""
        return BITS[self.compute] / 8

    @property
    def slots(self) -> Ints:
        """T, prefix slots a stream."""
        return self.sizes.slots(self.streams)

    @property
    def dimensions(self) -> tuple[int, ...]:
        """The shape that all broadcast to."""
        parts = (self.sizes.width, self.streams, self.batch, self.input_tokens, self.output_tokens)
        return np.broadcast_shapes(*(np.shape(part) for part in (*parts, self.weight_bytes, self.cache_bytes)))


def setting(
    shape: Any,
    streams: Any = 1,
    *,
    batch: Any = 1,
    input_tokens: Any,
    output_tokens: Any,
    weights: Any = "fp16",
    cache: Any = "fp16",
    compute: str = "fp16",
) -> Setting:
    """The setting that the cost functions take apart; see :func:`scalelaw.cost.latency` for what each argument is.

    Raises
    ------
    ScalelawError
        If a number is not a whole one of at least 1, a data type is unknown, or the arrays do not fit together.
    """
    if compute not in BITS:
        raise ScalelawError(f"compute is {compute!r}; choose {', '.join(BITS)}")
    for each in np.ravel(np.asarray(streams, dtype=object)).tolist():
        check_streams(each)
    made = Setting(
        Sizes.of(shape),
        np.asarray(streams, dtype=np.int64),
        whole("batch", batch),
        whole("input_tokens", input_tokens),
        whole("output_tokens", output_tokens),
        bytes_each("weights", weights),
        bytes_each("cache", cache),
        compute,
    )
    try:
        _ = made.dimensions
    except ValueError:
        raise ScalelawError(
            "the arrays of shapes, streams, batch, tokens and data types do not broadcast to one shape; give them "
            "axes of their own, as in streams=np.array([[1], [8]]), batch=[1, 2, 4]"
        ) from None
    check_countable(made.sizes, made.streams)
    rows = made.streams.astype(float) * made.batch * (made.input_tokens + made.output_tokens)
    if (rows >= 2**53).any():
        raise ScalelawError("streams, sequences and tokens together are 2^53 or more; choose smaller numbers")
    return made


def whole(name: str, given: Any) -> Ints:
    """Whole numbers of at least 1, as an array."""
    try:
        values = np.asarray(given)
        numbers = values.astype(float)
    except (TypeError, ValueError):
        raise ScalelawError(f"{name} is {given!r}; it must be whole numbers of at least 1") from None
    # a comparison with NaN is false, and True would pass for 1
    if values.dtype == bool or not ((numbers >= 1) & (numbers == np.rint(numbers)) & (numbers < 2**53)).all():
        wrong = ~((numbers >= 1) & (numbers == np.rint(numbers)) & (numbers < 2**53))
        shown = values[wrong][0].item() if np.ndim(given) and wrong.any() else given
        raise ScalelawError(f"{name} is {shown!r}; it must be whole numbers of at least 1")
    return numbers.astype(np.int64)


def check_dtype(dtype: str) -> None:
    """Refuse what no whole model is trained or measured in."""
    if dtype not in TRAINED_IN:
        raise ScalelawError(f"dtype is {dtype!r}; choose {', '.join(TRAINED_IN)}")


def bytes_each(name: str, given: Any) -> Numbers:
    """Bytes a number of data types by name or by bits, as an array."""
    found = [_bits(name, each) / 8 for each in np.ravel(np.asarray(given, dtype=object)).tolist()]
    return np.array(found, dtype=float).reshape(np.shape(np.asarray(given, dtype=object)))


def _bits(name: str, kind: Any) -> float:
    if isinstance(kind, str) and kind in STORED:
        return STORED[kind]
    if isinstance(kind, int | float) and not isinstance(kind, bool) and 1 <= kind <= 64:
        return kind
    raise ScalelawError(f"{name} is {kind!r}; name a data type ({', '.join(STORED)}) or the bits of a number, 1 to 64")
