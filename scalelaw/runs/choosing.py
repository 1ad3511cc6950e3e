"""Choosing rows of a table by the values of its columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalelaw.errors import RunsError
from scalelaw.runs.arrays import as_array
from scalelaw.runs.quantities import quantity
from scalelaw.runs.schema import Columns

_SHOWN = 200


def select(columns: Mapping[str, Any], where: Mapping[str, Any], *, what: str = "the table") -> Columns:
    """Rows that have the values asked for.

    Parameters
    ----------
    columns : mapping of str to array
    where : mapping of str to str or number
        The value wanted in each column; in a column of numbers it may be a quantity such as ``"1.6B"``.
    what : str
        What the messages call the table.

    Returns
    -------
    dict of str to array of shape (rows left,)

    Raises
    ------
    RunsError
        If there is no such column, or no row is left; the message lists the values there are.

    Examples
    --------
    >>> select({"P": np.array([1, 2, 2]), "loss": np.array([2.0, 1.9, 1.8])}, {"P": "2"})["loss"].tolist()
    [1.9, 1.8]
    """
    chosen = {name: as_array(values) for name, values in columns.items()}
    for name, value in where.items():
        if name not in chosen:
            raise RunsError(f"{what} has no column {name!r} to choose rows by; it has {', '.join(chosen)}")
        known = chosen[name]
        number = quantity(value) if isinstance(value, str) and known.dtype.kind in "iuf" else None
        keep = np.asarray(known == (value if number is None else number))
        if not keep.any():
            there = ", ".join(repr(each) for each in dict.fromkeys(known.tolist()))[:_SHOWN]
            raise RunsError(f"{what} has no row left with {name}={value!r}; there is {there}")
        chosen = {column: values[keep] for column, values in chosen.items()}
    return chosen
