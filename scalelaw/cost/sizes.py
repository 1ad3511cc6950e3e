"""Shapes as arrays, so that many are counted at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.cost.shape import Shape
from scalelaw.errors import ScalelawError

Ints = np.ndarray[Any, np.dtype[np.int64]]
_NUMBERS = ("layers", "width", "heads", "kv_heads", "head_size", "ffn", "vocabulary", "prefix_tokens")
_CHOICES = ("tied", "bias", "prefix_at_one", "gated", "out_bias", "mlp_bias", "norm_bias", "qk_norm")


@dataclass(frozen=True)
class Sizes:
    """The fields of one shape (arrays of no dimension) or of many; choices are 0 and 1."""

    layers: Ints
    width: Ints
    heads: Ints
    kv_heads: Ints
    head_size: Ints
    ffn: Ints
    vocabulary: Ints
    prefix_tokens: Ints
    tied: Ints
    bias: Ints
    prefix_at_one: Ints
    gated: Ints
    out_bias: Ints
    mlp_bias: Ints
    norm_bias: Ints
    qk_norm: Ints
    mlp_aggregation: Ints
    linear_aggregation: Ints

    @classmethod
    def of(cls, shapes: Any) -> Sizes:
        """The fields of a Shape, or of a sequence or array of them, in its layout."""
        listed = _array(shapes)
        # few shapes are usually repeated many times
        different = {id(shape): shape for shape in listed.ravel().tolist()}
        place = {each: position for position, each in enumerate(different)}
        index = np.array([place[id(shape)] for shape in listed.ravel().tolist()], dtype=np.intp).reshape(listed.shape)
        found = list(different.values())

        def column(values: list[int]) -> Ints:
            return np.array(values, dtype=np.int64)[index]

        return cls(
            **{name: column([int(getattr(shape, name)) for shape in found]) for name in _NUMBERS + _CHOICES},
            mlp_aggregation=column([int(shape.aggregation == "mlp") for shape in found]),
            linear_aggregation=column([int(shape.aggregation == "linear") for shape in found]),
        )

    @property
    def q(self) -> Ints:
        """Features of the queries of a token."""
        return self.heads * self.head_size

    @property
    def kv(self) -> Ints:
        """Features of the keys of a token, and as many of its values."""
        return self.kv_heads * self.head_size

    @property
    def matrices(self) -> Ints:
        """Matrices of the MLP: 3 with a gate, 2 without."""
        return 2 + self.gated

    def slots(self, streams: Ints) -> Ints:
        """Prefix slots that each stream has: none in the plain model of one stream."""
        return self.prefix_tokens * ((streams > 1) | (self.prefix_at_one == 1))


def _array(shapes: Any) -> np.ndarray[Any, np.dtype[np.object_]]:
    listed: np.ndarray[Any, np.dtype[np.object_]]
    if isinstance(shapes, Shape):
        listed = np.empty((), dtype=object)
        listed[()] = shapes
    else:
        listed = np.asarray(shapes, dtype=object)
    wrong = next((each for each in listed.ravel().tolist() if not isinstance(each, Shape)), None)
    if wrong is not None or not listed.size:
        raise ScalelawError(f"a cost is of a Shape or of several, not of {type(wrong).__name__}; see Shape.from_config")
    return listed
