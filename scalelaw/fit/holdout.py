"""Runs held out of a fit: which they are, in words that a user writes, and how well the rest predicts them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.runs import quantity, resolve

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_COMPARISON = re.compile(r"\s*([^\W\d]\w*)\s*(==|!=|<=|>=|<|>)\s*([^=<>!]+?)\s*")
_EXAMPLE = 'write a column, one of == != < <= > >=, and a value, as in "P==8" or "N>1.6B and P>=4"'
_SAME_SIZE = 0.9
_ALWAYS, _WHERE_USED = ("N", "P"), ("D", "C")


def select(hold: str, table: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray]:
    """Rows that a text such as ``"N>4e9 and P==8"`` means.

    Parameters
    ----------
    hold : str
        Comparisons of a column with a quantity, or with a text where the column holds text, joined by ``and``, ``&``
        or a comma. The text is taken apart, never run.
    table : mapping of str to array of shape (rows,)

    Returns
    -------
    str
        The comparisons in one spelling.
    array of bool, shape (rows,)

    Raises
    ------
    FitError
        If the text cannot be read, names no column, or selects no row or every row.

    Examples
    --------
    >>> select("N>1B & P == 8", {"N": np.array([5e8, 2e9]), "P": np.array([8, 8])})
    ('N>1B and P==8', array([False,  True]))
    """
    if not isinstance(hold, str) or not hold.strip():
        raise FitError(f"cannot read hold={hold!r}; {_EXAMPLE}")
    names, masks = [], []
    for piece in re.split(r"\s+and\s+|&&?|,", hold.strip()):
        name, mask = _compare(piece, table)
        names.append(name)
        masks.append(mask)
    held = np.logical_and.reduce(masks)
    label = " and ".join(names)
    if not held.any() or held.all():
        which = "every run, so none is left to fit" if held.any() else "no run"
        raise FitError(f"hold={label!r} selects {which}; choose some of the runs")
    return label, held


def largest(table: Mapping[str, np.ndarray], used: Iterable[str]) -> dict[str, np.ndarray]:
    """Runs at the largest value of each column that can be extrapolated along, by column.

    ``N`` and ``P`` where the table has them, ``D`` and ``C`` where a law reads them; a column needs three values. A
    size is held out whole: everything above 0.9 times the largest value, since models of one size differ a little in
    N with the number of streams.
    """
    found = {}
    for name in (*_ALWAYS, *(each for each in _WHERE_USED if each in set(used))):
        if name not in table:
            continue
        values = np.asarray(table[name], dtype=float)
        held = values > _SAME_SIZE * np.nanmax(values)
        if len(np.unique(values[~held & np.isfinite(values)])) >= 2:
            found[name] = held
    return found


def _compare(piece: str, table: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray]:
    match = _COMPARISON.fullmatch(piece)
    if match is None:
        raise FitError(f"cannot read {piece.strip()!r} in hold; {_EXAMPLE}")
    given, sign, text = match.groups()
    name = given if given in table else resolve([given])[given]
    if name not in table:
        raise FitError(f"hold names the column {given!r}, which the table does not have; it has {', '.join(table)}")
    values = np.asarray(table[name])
    if values.dtype.kind in "OUS":
        if sign not in ("==", "!="):
            raise FitError(f"column {name!r} holds text, which hold can compare by == and != only, not {sign}")
        text = text.strip("'\"")
        equal = np.array([str(value) == text for value in values.tolist()])
        return f"{name}{sign}{text}", equal if sign == "==" else ~equal
    value = quantity(text)
    if value is None:
        raise FitError(f"cannot read {text!r} in hold as a number; {_EXAMPLE}")
    return f"{name}{sign}{text}", np.asarray(_OPERATORS[sign](values, value))
