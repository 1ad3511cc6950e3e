"""The runs table as a pandas DataFrame, its public form."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from scalelaw.runs.checking import check_columns
from scalelaw.runs.reading import read_with_metadata
from scalelaw.runs.schema import SCHEMA, Columns, units

if TYPE_CHECKING:
    import pandas as pd


def read(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    need: Iterable[str] = ("loss",),
) -> pd.DataFrame:
    """Read a runs table, normalised and checked.

    Parameters
    ----------
    path : path
        A parquet (``.parquet``, ``.pq``), CSV (``.csv``, ``.csv.gz``, ``.tsv``) or JSON lines (``.jsonl``,
        ``.jsonl.gz``, ``.ndjson``) file; a folder of them, read with the folders in it; or ``-`` for standard input,
        in whichever of the three forms it comes. Files of a folder may differ in their columns: a column that a file
        lacks is empty in its rows, ``P`` is 1, and ``source`` names the file where the table does not.
    columns : mapping of str to str, optional
        Names to use, ``{"N": "my_col"}``.
    need : iterable of str
        Columns that must be there. A table to predict from needs none.

    Returns
    -------
    DataFrame
        Schema ``runs/1``; ``attrs["scalelaw"]`` holds schema, units and what else the file carried.

    Raises
    ------
    RunsError
        If there is no such file, it cannot be read, or the table has faults (all of them named). Rows are counted
        from 1 below the header, in each file on its own.
    """
    table, metadata = read_with_metadata(path, columns=columns, need=need)
    return to_frame(table, metadata)


def check(
    table: pd.DataFrame | Mapping[Any, Any],
    *,
    columns: Mapping[str, str] | None = None,
    need: Iterable[str] = ("loss",),
) -> pd.DataFrame:
    """Normalise a runs table, or name every fault in it at once.

    What is normalised and refused is told at :func:`scalelaw.runs.check_columns`. The table given is left as it was.

    Parameters
    ----------
    table : DataFrame or mapping of str to array of shape (rows,)
        The levels of a named index count as columns.
    columns : mapping of str to str, optional
        Names to use, ``{"N": "my_col"}``.
    need : iterable of str
        Columns that must be there.

    Raises
    ------
    RunsError
        With every fault found. Rows are counted from 1, whatever the index.

    Examples
    --------
    >>> check({"params": ["1.6B"], "streams": [8], "val_loss": [1.0383]})
                N  P    loss
    0  1600000000  8  1.0383
    """
    checked = check_columns(table, columns=columns, need=need)
    if isinstance(table, Mapping):
        return to_frame(checked)
    frame = to_frame(checked, table.attrs)
    if all(name is None for name in table.index.names):
        frame.index = table.index
    return frame


def to_frame(table: Columns, metadata: Mapping[Any, Any] | None = None) -> pd.DataFrame:
    """A DataFrame of checked columns, with schema and units in its ``attrs``."""
    import pandas as pd

    frame = pd.DataFrame(table)
    frame.attrs = attrs(table, metadata or {})
    return frame


def attrs(table: Iterable[str], metadata: Mapping[Any, Any]) -> dict[Any, Any]:
    """Metadata with schema and units of the table's columns set."""
    ours = metadata.get("scalelaw")
    kept = dict(ours) if isinstance(ours, Mapping) else {}
    return {**metadata, "scalelaw": {**kept, "schema": SCHEMA, "units": units(table)}}
