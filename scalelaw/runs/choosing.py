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


def last_of_runs(columns: Mapping[str, Any]) -> Columns:
    """The last row of each run, where rows are checkpoints that share a ``run``; the rows stay in order.

    Last is the largest ``D``, else the largest ``step``, else the row that comes last in the table.

    Raises
    ------
    RunsError
        If there is no column ``run``, or the column that says which row is last is not of numbers.

    Examples
    --------
    >>> runs = {"run": ["a", "a", "b"], "D": [1e9, 2e9, 1e9], "loss": [3.0, 2.8, 2.9]}
    >>> last_of_runs(runs)["loss"].tolist()
    [2.8, 2.9]
    """
    table = {name: as_array(values) for name, values in columns.items()}
    if "run" not in table:
        raise RunsError(f"the last row of each run needs a column 'run'; the table has {', '.join(table)}")
    names = np.array([str(name) for name in table["run"].tolist()])
    by = next((name for name in ("D", "step") if name in table), None)
    along = np.arange(len(names)) if by is None else table[by]
    if along.dtype.kind not in "iuf":
        raise RunsError(f"the last row of each run is told by {by}, which is not a column of numbers")
    order = np.argsort(along, kind="stable")
    # the last place at which a name stands is the first one from behind
    from_behind = np.unique(names[order][::-1], return_index=True)[1]
    kept = np.sort(order[::-1][from_behind])
    return {name: values[kept] for name, values in table.items()}
