"""Plain arrays from whatever holds a column: lists, NumPy, pandas, PyArrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scalelaw.errors import RunsError
from scalelaw.runs.schema import Columns

_NATURAL_KINDS = "iufbMmc"


def as_columns(table: Any) -> Columns:
    """One-dimensional arrays of equal length by name, of a mapping or a DataFrame.

    A single value is repeated in every row; the named levels of a DataFrame's index are columns.
    """
    table = table if isinstance(table, Mapping) else _of_frame(table)
    columns = {str(name): as_array(values) for name, values in table.items()}
    faults = [
        f"column {name!r} has {array.ndim} dimensions; give one value a row"
        for name, array in columns.items()
        if array.ndim > 1
    ]
    if len(columns) < len(table):
        faults.append("two columns have the same name once names are text; rename one of them")
    if faults:
        raise RunsError(faults)
    lengths = {name: len(array) for name, array in columns.items() if array.ndim == 1}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise RunsError(f"the columns differ in length ({listed}); give every column one value a row")
    rows = next(iter(lengths.values()), 1)
    return {name: array if array.ndim else np.repeat(array, rows) for name, array in columns.items()}


def _of_frame(frame: Any) -> dict[Any, Any]:
    if not (hasattr(frame, "columns") and hasattr(frame, "index")):
        raise RunsError(
            f"a runs table is a DataFrame or a mapping of columns, not {type(frame).__name__}; "
            "read(path) or load(name) makes one"
        )
    named = [name for name in frame.index.names if name is not None]
    labels = [*named, *frame.columns]
    twice = [label for label in dict.fromkeys(map(str, labels)) if list(map(str, labels)).count(label) > 1]
    if twice:
        raise RunsError(f"two columns (or an index and a column) are called {', '.join(map(repr, twice))}; rename one")
    levels = {name: frame.index.get_level_values(name) for name in named}
    return {**levels, **{label: frame.iloc[:, place] for place, label in enumerate(frame.columns)}}


def as_array(values: Any) -> np.ndarray:
    """One column as an array: numbers in their own type, everything else as objects with None for empty cells."""
    if hasattr(values, "isna") and hasattr(values, "to_numpy"):
        return _from_pandas(values)
    if hasattr(values, "mask") and isinstance(values, np.ma.MaskedArray):  # loads numpy.ma only where it is in use
        return as_array([None if hidden else value for value, hidden in _pairs(values)])
    if isinstance(values, np.ndarray):
        return values if values.dtype.kind in _NATURAL_KINDS + "O" else objects(values)
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return natural(values)
    if np.isscalar(values) or values is None:
        return natural([values]).reshape(())
    return as_array(np.asarray(values))


def _pairs(values: np.ma.MaskedArray[Any, Any]) -> Any:
    return zip(np.asarray(values).ravel().tolist(), np.ma.getmaskarray(values).ravel().tolist(), strict=True)


def _from_pandas(series: Any) -> np.ndarray:
    """A pandas Series; empty cells of nullable types become NaN or None."""
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in _NATURAL_KINDS:
        return np.asarray(series.to_numpy())
    gone = series.isna().to_numpy(dtype=bool)
    values = series.to_numpy(dtype=object)
    return natural([None if blank else value for value, blank in zip(values, gone, strict=True)])


def objects(values: np.ndarray) -> np.ndarray:
    """The same values as Python objects; text stays text."""
    result = np.empty(values.shape, dtype=object)
    result[...] = values
    return result


def natural(values: Sequence[Any]) -> np.ndarray:
    """The narrowest array that holds a list as it is: int64, float64 (None as NaN), bool, else objects."""
    values = [_python(value) for value in values]
    kinds = {type(value) for value in values}
    try:
        if kinds == {bool}:
            return np.array(values, dtype=bool)
        if kinds == {int}:
            return np.array(values, dtype=np.int64)
        if kinds in ({float}, {int, float}, {float, type(None)}, {int, type(None)}, {int, float, type(None)}):
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except OverflowError:  # an integer beyond int64 or float64 stays a Python int, for the check to name it
        pass
    result = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        result[index] = value
    return result


def _python(value: Any) -> Any:
    """A NumPy scalar as Python's own; everything else as it is."""
    plain = value.item() if isinstance(value, np.generic) else value
    return float(plain) if isinstance(plain, np.floating) else plain


def empty(values: np.ndarray) -> np.ndarray:
    """Which cells are empty: None, NaN, NaT or blank text; shape (rows,)."""
    if values.dtype.kind in "iub":
        return np.zeros(len(values), dtype=bool)
    if values.dtype.kind in "fc":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    return np.array([_is_empty(value) for value in values], dtype=bool)


_BLANKS = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "<na>"})


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _BLANKS
    return value is None or (isinstance(value, float) and value != value)


def unite(parts: Sequence[Columns]) -> Columns:
    """Rows of several tables under one another; a column that a table lacks is empty in its rows."""
    lengths = [len(next(iter(part.values()))) if part else 0 for part in parts]
    names = list(dict.fromkeys(name for part in parts for name in part))
    return {name: _stack([part.get(name) for part in parts], lengths) for name in names}


def _stack(pieces: Sequence[np.ndarray | None], lengths: Sequence[int]) -> np.ndarray:
    kinds = {piece.dtype.kind for piece in pieces if piece is not None and len(piece)}
    whole = all(piece is not None or not length for piece, length in zip(pieces, lengths, strict=True))
    if kinds <= set("iuf"):
        blank: Any = np.nan
    elif len(kinds) == 1 and whole:
        blank = None
    else:
        pieces = [None if piece is None else objects(piece) for piece in pieces]
        blank = None
    filled = [
        (np.full(length, blank, dtype=float if blank is np.nan else object) if piece is None else piece)
        for piece, length in zip(pieces, lengths, strict=True)
        if length
    ]
    return np.concatenate(filled) if filled else np.empty(0)
