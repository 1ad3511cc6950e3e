"""Numbers, arrays and containers as JSON and back, without losing a bit.

JSON has no NaN and no infinity: they are written ``{"float": "nan"}``, ``{"float": "inf"}`` and ``{"float": "-inf"}``.
An array is its type and its values, nested by dimension. Python writes the shortest decimal that reads back as the
same float, so every finite number returns exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from scalelaw.errors import FitError


def encode(value: Any) -> Any:
    """Plain JSON values for numbers, texts, tuples and mappings.

    Raises
    ------
    FitError
        For a value of any other type.

    Examples
    --------
    >>> encode({"bounds": (0.0, float("inf"))})
    {'bounds': [0.0, {'float': 'inf'}]}
    """
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, list | tuple):
        return [encode(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): encode(each) for name, each in value.items()}
    raise FitError(f"a {type(value).__name__} cannot be saved in a fit: {value!r}; use numbers or text")


def decode(value: Any) -> Any:
    """The values that `encode` was given, but for tuples, which come back as lists."""
    if isinstance(value, list):
        return [decode(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"float"}:
            return float(value["float"])
        return {name: decode(each) for name, each in value.items()}
    return value


def encode_array(values: np.ndarray) -> dict[str, Any]:
    """Type and values of an array of numbers or objects.

    Raises
    ------
    FitError
        If it holds anything but numbers and text.
    """
    if values.dtype.kind not in "biufO":
        raise FitError(f"a column of type {values.dtype} cannot be saved in a fit; make it numbers")
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        values = values.astype(np.float64)  # the precision in which it was fitted; wider types differ by machine
    return {"dtype": values.dtype.name, "values": encode(values.tolist())}


def decode_array(stored: Mapping[str, Any]) -> np.ndarray:
    """The array that `encode_array` was given.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it is none.
    """
    dtype = np.dtype(stored["dtype"])
    if dtype.kind not in "biufO":
        raise ValueError(f"an array of type {dtype}")
    values = decode(stored["values"])
    if dtype.kind != "O":
        return np.array(values, dtype=dtype)
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects
