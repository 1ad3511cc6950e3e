"""What a law asks of a table: the columns it reads, complete, with P filled in."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from scalelaw.errors import RunsError
from scalelaw.runs.arrays import as_array, empty
from scalelaw.runs.names import fold
from scalelaw.runs.schema import BY_NAME, Columns

_SHOWN = 5


def require(columns: Mapping[str, Any], names: Iterable[str], *, where: str) -> None:
    """Refuse a table that lacks columns a law needs.

    Parameters
    ----------
    columns : mapping of str to array, or DataFrame
        A checked table.
    names : iterable of str
        Columns needed. ``P`` may be absent: it then means 1.
    where : str
        Who asks, as the message's subject: ``"law 'parscale'"``.

    Raises
    ------
    RunsError
        Naming every column that is missing, what the table has, and the aliases that would have been understood.

    Examples
    --------
    >>> require({"N": [1e9], "loss": [2.1]}, ("N", "P", "loss"), where="law 'parscale'")
    >>> try:
    ...     require({"N": [1e9], "loss": [2.1]}, ("N", "D"), where="law 'chinchilla'")
    ... except RunsError as error:
    ...     print(str(error).partition(";")[0])
    law 'chinchilla' needs column 'D' (also understood: tokens, num_tokens, ...), and the table has only 'N', 'loss'
    """
    faults = [_lacking(name, columns, where) for name in names if name not in columns and name != "P"]
    if faults:
        raise RunsError(faults)


def take(columns: Mapping[str, Any], names: Iterable[str], *, where: str) -> Columns:
    """The columns a law needs, complete; ``P`` is 1 in every row of a table without it.

    Parameters are those of :func:`require`.

    Returns
    -------
    dict of str to array of shape (rows,)

    Raises
    ------
    RunsError
        As :func:`require`, and if a needed cell is empty. Rows are counted from 1.

    Examples
    --------
    >>> take({"N": [10**9, 2 * 10**9], "loss": [2.1, 2.0]}, ("P", "loss"), where="law 'mine'")["P"].tolist()
    [1, 1]
    """
    names = tuple(names)
    require(columns, names, where=where)
    taken = {name: as_array(columns[name]) for name in names if name in columns}
    faults = [_gap(name, empty(values), where) for name, values in taken.items() if empty(values).any()]
    if faults:
        raise RunsError(faults)
    rows = len(as_array(columns[next(iter(columns))]))
    return {name: taken[name] if name in taken else np.ones(rows, dtype=np.int32) for name in names}


def _lacking(name: str, columns: Mapping[str, Any], where: str) -> str:
    known = BY_NAME.get(name)
    also = f" (also understood: {', '.join(known.aliases[:2])}, ...)" if known and known.aliases else ""
    there = ", ".join(repr(str(column)) for column in columns)
    alike = next((str(column) for column in columns if fold(str(column)) == fold(name)), "...")
    chosen = alike if alike == "..." else f'"{alike}"'
    return (
        f"{where} needs column {name!r}{also}, and the table has only {there};"
        f' name it with --column {name}={alike} in the shell or check(runs, columns={{"{name}": {chosen}}}) in Python'
    )


def _gap(name: str, gone: np.ndarray, where: str) -> str:
    rows = np.flatnonzero(gone).tolist()
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    listed = ", ".join(f"row {row + 1}" for row in rows[:_SHOWN])
    return f"{where} needs column {name!r}, which is empty in {listed}{more}; fill it in or leave those rows out"
