"""Tables in the formats that are understood, from bytes in memory to columns and metadata."""

import gzip
import io
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scalelaw.errors import RunsError
from scalelaw.runs.arrays import natural
from scalelaw.runs.names import fold
from scalelaw.runs.schema import COLUMNS, Columns

_TEXT_NAMES = frozenset(
    fold(name) for column in COLUMNS if not column.numeric for name in (column.name, *column.aliases)
)
_LISTED = 5


@dataclass(frozen=True)
class Parsed:
    """One file's columns as they stand in it, and the metadata it carried."""

    columns: Columns
    metadata: dict[str, Any] = field(default_factory=dict)


def parse(data: bytes, kind: str, where: str) -> Parsed:
    """Read one file's bytes as ``parquet``, ``csv``, ``jsonl``, or whichever of them it is (``any``)."""
    if not data.strip():
        raise RunsError(f"{where} is empty; give a table with at least one run")
    if data[:2] == b"\x1f\x8b":
        data = _unzipped(data, where)
    actual = _sniff(data) if kind in ("any", "csv", "jsonl") else kind
    if kind != "any" and actual == "parquet" != kind:
        raise RunsError(f"{where} is a parquet file; name it .parquet")
    return _PARSERS[actual if kind == "any" else kind](data, where)


def _unzipped(data: bytes, where: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise RunsError(f"{where} is damaged: {error}; get it anew") from error


def _sniff(data: bytes) -> str:
    if data[:4] == b"PAR1":
        return "parquet"
    return "jsonl" if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else "csv"


def _parquet(data: bytes, where: str) -> Parsed:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # on one thread: Arrow's pool now and then aborts a process that ends soon after (apache/arrow#34314)
        table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise RunsError(f"{where} is not a readable parquet file: {_first_line(error)}; get it anew") from error
    metadata = _attrs((table.schema.metadata or {}).get(b"PANDAS_ATTRS"), where)
    return Parsed(_from_arrow(table, where), metadata)


def _attrs(text: bytes | None, where: str) -> dict[str, Any]:
    """What pandas calls ``attrs``: a JSON object in the file's own metadata."""
    try:
        attrs = json.loads(text) if text else {}
    except ValueError as error:
        raise RunsError(f"{where} has unreadable metadata (PANDAS_ATTRS): {error}; write it anew") from error
    return attrs if isinstance(attrs, dict) else {}


def _from_arrow(table: Any, where: str) -> Columns:
    """Arrow columns as arrays, without going through pandas; numbers with empty cells become float64."""
    names = [str(name).strip() for name in table.column_names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RunsError(f"{where} has two columns called {', '.join(map(repr, twice))}; rename one of them")
    return {
        name: _array(column)
        for name, column in zip(names, table.columns, strict=True)
        if not name.startswith("__index_level_")
    }


def _array(column: Any) -> np.ndarray:
    import pyarrow.types as types

    kind = column.type
    if column.null_count or not (types.is_integer(kind) or types.is_floating(kind)):
        return natural(column.to_pylist())
    # to_numpy() would do, but it imports pandas
    dtype = np.dtype(kind.to_pandas_dtype())
    return np.concatenate([np.empty(0, dtype), *(_buffer(chunk, dtype) for chunk in column.chunks if len(chunk))])


def _buffer(chunk: Any, dtype: np.dtype[Any]) -> np.ndarray:
    """A view of the values of an Arrow array of numbers without empty cells."""
    return np.frombuffer(chunk.buffers()[1], dtype)[chunk.offset : chunk.offset + len(chunk)]


def _csv(data: bytes, where: str) -> Parsed:
    import pyarrow as pa
    from pyarrow import csv

    text = _decoded(data, where)
    ragged: list[Any] = []

    def skip(row: Any) -> str:
        ragged.append(row)
        return "skip"

    delimiter = _delimiter(text)
    names = _header(text, delimiter)
    parse_options = csv.ParseOptions(
        delimiter=delimiter,
        newlines_in_values=True,
        invalid_row_handler=skip,
    )
    convert_options = csv.ConvertOptions(
        column_types={name: pa.string() for name in names if fold(name) in _TEXT_NAMES},
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    read_options = csv.ReadOptions(use_threads=False, block_size=max(len(text) + 1, 1 << 20))
    try:
        table = csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=read_options,
            parse_options=parse_options,
            convert_options=convert_options,
        )
    except pa.ArrowException as error:
        raise RunsError(f"{where} is not a readable CSV file: {_first_line(error)}; correct it") from error
    if ragged:
        raise RunsError(_ragged(ragged, where))
    return Parsed(_from_arrow(table, where))


def _decoded(data: bytes, where: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RunsError(
            f"{where} is not text (byte {error.start} is not UTF-8); give a CSV, JSON lines or parquet file"
        ) from error
    if "\0" in text:
        raise RunsError(f"{where} is not text (it holds zero bytes); give a CSV, JSON lines or parquet file")
    return text


def _delimiter(text: str) -> str:
    """Comma, unless the header has none but tabs or semicolons."""
    header = text.lstrip().partition("\n")[0]
    return next((mark for mark in ",\t;" if mark in header), ",")


def _header(text: str, delimiter: str) -> list[str]:
    import csv

    try:
        return next(csv.reader(io.StringIO(text, newline=None), delimiter=delimiter), [])
    except csv.Error:  # Arrow says better what is wrong
        return []


def _ragged(rows: list[Any], where: str) -> list[str]:
    # Arrow counts the header as line 1 and leaves the number out where it read several blocks at once
    shown = [
        f"{where}: {f'line {row.number}' if row.number else 'a line'} has {row.actual_columns} fields where the header"
        f" has {row.expected_columns} ({row.text[:60]!r}); correct it"
        for row in rows[:_LISTED]
    ]
    return shown + ([f"and {len(rows) - _LISTED} more such lines"] if len(rows) > _LISTED else [])


def _jsonl(data: bytes, where: str) -> Parsed:
    rows = []
    faults = []
    for number, line in enumerate(_decoded(data, where).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.append(f"{where}: line {number} is not JSON ({_first_line(error)}); correct it")
            continue
        if isinstance(row, dict):
            rows.append(row)
        else:
            faults.append(f"{where}: line {number} is not an object with one value a column; correct it")
    if faults:
        more = [f"and {len(faults) - _LISTED} more such lines"] if len(faults) > _LISTED else []
        raise RunsError(faults[:_LISTED] + more)
    names = dict.fromkeys(name for row in rows for name in row)
    return Parsed({name: natural([row.get(name) for row in rows]) for name in names})


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip().rstrip(".")[:200]


_PARSERS: dict[str, Callable[[bytes, str], Parsed]] = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl}
