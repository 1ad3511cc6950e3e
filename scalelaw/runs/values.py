"""One column brought to the schema's type, or the faults found in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np

from scalelaw.runs.arrays import empty, objects
from scalelaw.runs.quantities import quantity
from scalelaw.runs.schema import Column

Place = Callable[[int], str]
"""How a row is called in a message, by its index from 0: ``row 3``, or ``row 3 of b.csv``."""

_SHOWN = 5


@dataclass(frozen=True)
class Cells:
    """Faulty cells of one column: what is wrong with them and what to do."""

    column: str
    wrong: str
    remedy: str
    rows: Sequence[int]
    values: Sequence[Any]

    def sentence(self, place: Place) -> str:
        shown = [f"{place(row)} ({value!r})" for row, value in zip(self.rows[:_SHOWN], self.values, strict=False)]
        more = len(self.rows) - _SHOWN
        where = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
        return f"column {self.column!r}: {self.wrong} in {where}; {self.remedy}"


def normalise(column: Column, values: np.ndarray, label: str) -> tuple[np.ndarray, list[Cells]]:
    """Values of one column in the schema's type, and its faults; ``label`` is its name in messages."""
    if not column.numeric:
        return _as_text(values), []
    numbers, unreadable = _as_numbers(values)
    faults = _cells(label, "not a number", _WRITE, unreadable, values)
    gone = empty(values) & ~unreadable
    if column.complete and gone.any():
        faults += _cells(label, "missing or NaN", _GIVE[column.name], gone, values)
    sound = ~unreadable & ~gone
    faults += _limits(column, numbers, values, sound, label)
    return numbers if faults else _typed(column, numbers, gone), faults


_WRITE = "write a number such as 2.31, 42e9 or 1.6B"
_MEND = "correct it or leave the row out"
_GIVE = {
    "N": "N counts non-embedding parameters in every row: give it, or choose another column for all rows"
    ' with --column N=... or columns={"N": ...}',
    "P": "write 1 for a run without parallel streams",
    "loss": "leave the row out or give its loss",
}


def _limits(column: Column, numbers: np.ndarray, values: np.ndarray, sound: np.ndarray, label: str) -> list[Cells]:
    """Cells that are infinite, too small, too large or not whole."""
    as_float = np.where(sound, _floats(numbers), 1.0 if column.low <= 1 else column.low)
    infinite = ~np.isfinite(as_float)
    faults = _cells(label, "infinite", _MEND, infinite, values)
    low = ~infinite & ((as_float <= column.low) if column.strict else (as_float < column.low))
    part = ~infinite & (np.mod(np.where(infinite, 0.0, as_float), 1.0) != 0) & (column.kind == "whole")
    if column.name == "P":
        faults += _cells(label, "not a whole number of at least 1", _MEND, low | part, values)
    else:
        limit = f"not above {column.low:g}" if column.strict else f"below {column.low:g}"
        faults += _cells(label, limit, _MEND, low, values)
        faults += _cells(label, "not a whole number", _MEND, part & ~low, values)
    if column.dtype != "float64":
        top = np.iinfo(column.dtype).max
        huge = ~infinite & (np.abs(as_float) >= float(top) + (column.dtype == "int32"))
        faults += _cells(label, f"above the largest value, {top:.3g},", _MEND, huge, values)
    return faults


def _cells(label: str, wrong: str, remedy: str, mask: np.ndarray, values: np.ndarray) -> list[Cells]:
    rows = np.flatnonzero(mask).tolist()
    return [Cells(label, wrong, remedy, rows, [_plain(values[row]) for row in rows[:_SHOWN]])] if rows else []


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _as_numbers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (empty cells NaN or None) and which cells are no numbers at all; each of shape (rows,)."""
    if values.dtype.kind in "iuf":
        return values, np.zeros(len(values), dtype=bool)
    gone = empty(values)
    read = [None if blank else _number(value) for value, blank in zip(values.tolist(), gone, strict=True)]
    numbers = objects(np.zeros(len(values)))
    numbers[:] = read
    return numbers, np.array([value is None for value in read], dtype=bool) & ~gone


def _number(value: Any) -> int | float | None:
    if isinstance(value, str):
        return quantity(value)
    if isinstance(value, bool | complex | np.bool_) or not isinstance(value, Number):
        return None
    if isinstance(value, int | float):
        return value
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _floats(numbers: np.ndarray) -> np.ndarray:
    if numbers.dtype.kind != "O":
        return np.asarray(numbers, dtype=np.float64)
    return np.array([_float(value) for value in numbers], dtype=np.float64)


def _float(value: int | float | None) -> float:
    try:
        return np.nan if value is None else float(value)
    except OverflowError:
        return np.inf


def _typed(column: Column, numbers: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Sound numbers in the schema's type; whole numbers with empty cells stay float64, empty as NaN."""
    if column.dtype == "float64":
        return _floats(numbers)
    if gone.any():
        return np.asarray(np.rint(_floats(numbers)))
    if numbers.dtype.kind == "f":
        return np.asarray(np.rint(numbers), dtype=column.dtype)
    # round() of a Python int is exact, which a detour through float64 is not above 2^53
    return np.array([round(value) for value in numbers.tolist()], dtype=column.dtype)


def _as_text(values: np.ndarray) -> np.ndarray:
    """Names as text; empty cells are None, and 3.0 (an integer next to an empty cell) is '3'."""
    result = np.empty(len(values), dtype=object)
    result[:] = [_text(value) for value in values.tolist()]
    return result


def _text(value: Any) -> str | None:
    if value is None or value == "" or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)
