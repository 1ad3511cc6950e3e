"""The runs table as a file, whole or not at all, with schema and units in it."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.errors import RunsError
from scalelaw.files import write_atomically
from scalelaw.runs.checking import check_columns
from scalelaw.runs.frames import attrs
from scalelaw.runs.schema import Columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def write(table: pd.DataFrame | Mapping[Any, Any], path: str | os.PathLike[str]) -> Path:
    """Write a runs table, whole or not at all.

    Parameters
    ----------
    table : DataFrame or mapping of str to array of shape (rows,)
        Checked first: a table with faults is not written. A DataFrame's index is written only where it has a name.
    path : path
        ``.parquet`` (zstd; also where there is no extension), ``.csv``, ``.csv.gz``, ``.tsv``, ``.jsonl``,
        ``.jsonl.gz`` or ``.ndjson``. Parquet carries schema, units and the frame's ``attrs``
        (``pandas.read_parquet(path).attrs["scalelaw"]``, or ``PANDAS_ATTRS`` in Arrow's schema metadata); the text
        forms have no place for them.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    RunsError
        If the table has faults, or the extension is not known.
    ScalelawError
        If the folder does not exist or cannot be written.
    """
    path = Path(path)
    name = path.name.lower()
    ending = next((ending for ending in _WRITERS if name.endswith(ending)), None)
    if ending is None and path.suffix:
        raise RunsError(f"cannot write a table to {path}: understood are {', '.join(_WRITERS)}")
    columns = check_columns(table)
    metadata = attrs(columns, {} if isinstance(table, Mapping) else table.attrs)
    return write_atomically(path, lambda file: file.write(_WRITERS[ending or ".parquet"](columns, metadata)))


def to_parquet(columns: Columns, metadata: Mapping[str, Any]) -> bytes:
    """Any table as parquet, with metadata where pandas looks for ``attrs``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = _to_arrow(columns).replace_schema_metadata({"PANDAS_ATTRS": json.dumps(metadata)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _to_arrow(columns: Columns) -> Any:
    import pyarrow as pa

    return pa.table({name: _arrow_column(name, values) for name, values in columns.items()})


def _arrow_column(name: str, values: np.ndarray) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise RunsError(f"column {name!r} cannot be written: {error}; give its values one type") from error


def _to_csv(columns: Columns, delimiter: str = ",") -> bytes:
    import pyarrow as pa
    from pyarrow import csv

    sink = io.BytesIO()
    try:
        csv.write_csv(_to_arrow(columns), sink, csv.WriteOptions(delimiter=delimiter, quoting_style="needed"))
    except pa.ArrowException as error:
        raise RunsError(f"cannot write this table as text: {error}; write it as .parquet") from error
    return sink.getvalue()


def _to_jsonl(columns: Columns) -> bytes:
    plain = {name: _arrow_column(name, values).to_pylist() for name, values in columns.items()}
    rows = (dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True))
    try:
        return "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()
    except (TypeError, ValueError) as error:
        raise RunsError(f"cannot write this table as JSON lines: {error}; write it as .parquet") from error


_WRITERS: dict[str, Callable[[Columns, Mapping[str, Any]], bytes]] = {
    ".parquet": to_parquet,
    ".pq": to_parquet,
    ".csv": lambda columns, _: _to_csv(columns),
    ".csv.gz": lambda columns, _: gzip.compress(_to_csv(columns), mtime=0),
    ".tsv": lambda columns, _: _to_csv(columns, "\t"),
    ".jsonl": lambda columns, _: _to_jsonl(columns),
    ".jsonl.gz": lambda columns, _: gzip.compress(_to_jsonl(columns), mtime=0),
    ".ndjson": lambda columns, _: _to_jsonl(columns),
}
