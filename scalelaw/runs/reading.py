"""Files, folders and standard input, read into checked columns."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.errors import RunsError
from scalelaw.runs.arrays import objects, unite
from scalelaw.runs.checking import check_columns
from scalelaw.runs.names import resolve
from scalelaw.runs.parsing import Parsed, parse
from scalelaw.runs.schema import SCHEMA, Columns

KINDS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
}
_UNDERSTOOD = ", ".join(KINDS)


def read_columns(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    need: Iterable[str] = ("loss",),
) -> Columns:
    """Read a runs table as a dict of arrays, without pandas.

    Parameters, errors and rows are those of :func:`scalelaw.runs.read`.
    """
    return read_with_metadata(path, columns=columns, need=need)[0]


def read_with_metadata(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    need: Iterable[str] = ("loss",),
) -> tuple[Columns, dict[str, Any]]:
    """Checked columns, and the metadata the file carried (``attrs`` in pandas)."""
    path = Path(path)
    if str(path) == "-":
        parts = {"standard input": parse(sys.stdin.buffer.read(), "any", "standard input")}
    elif path.is_dir():
        parts = {file.relative_to(path).as_posix(): _parsed(file) for file in _tables(path)}
    else:
        parts = {"": _parsed(path)}
    for name, part in parts.items():
        _refuse_other_schema(part.metadata, name or str(path))
    if len(parts) == 1 and not path.is_dir():
        part = next(iter(parts.values()))
        return check_columns(part.columns, columns=columns, need=need), part.metadata
    table, place = _united(parts, columns or {})
    return check_columns(table, need=need, place=place), _shared(parts)


def _parsed(path: Path) -> Parsed:
    kind = _kind(path)
    if not path.exists():
        raise RunsError(f"there is no file or folder {path}; check the path")
    if kind is None:
        raise RunsError(f"cannot tell what {path} is by its name; understood are {_UNDERSTOOD}, a folder of them, or -")
    try:
        return parse(path.read_bytes(), kind, str(path))
    except OSError as error:
        raise RunsError(f"cannot read {path}: {error.strerror or error}; check its permissions") from error


def _kind(path: Path) -> str | None:
    name = path.name.lower()
    return next((kind for ending, kind in KINDS.items() if name.endswith(ending)), None)


def _tables(folder: Path) -> list[Path]:
    """Table files in a folder and the folders in it, by name; hidden ones and the learning curves in sweeps are not."""
    try:
        curves = [file.parent / "cells" for file in folder.rglob("sweep.json")]
        found = [
            file
            for file in sorted(folder.rglob("*"))
            if _kind(file)
            and file.is_file()
            and not any(part.startswith(".") for part in file.relative_to(folder).parts)
            and not any(file.is_relative_to(each) for each in curves)
        ]
    except OSError as error:
        raise RunsError(f"cannot read the folder {folder}: {error.strerror or error}; check its permissions") from error
    if not found:
        raise RunsError(f"the folder {folder} holds no table; understood are {_UNDERSTOOD}")
    return found


def _refuse_other_schema(metadata: Mapping[str, Any], where: str) -> None:
    ours = metadata.get("scalelaw")
    schema = ours.get("schema", SCHEMA) if isinstance(ours, dict) else SCHEMA
    if schema != SCHEMA:
        raise RunsError(f"{where} was written with schema {schema!r}; this version reads {SCHEMA!r}")


def _united(parts: Mapping[str, Parsed], chosen: Mapping[str, str]) -> tuple[Columns, Callable[[int], str]]:
    """Rows of all files under one another, and how to call a row."""
    nowhere = [name for name in chosen.values() if not any(name in part.columns for part in parts.values())]
    if nowhere:
        raise RunsError([f"no file has a column {name!r}; check the name" for name in nowhere])
    tables = {file: _named(file, part.columns, chosen) for file, part in parts.items()}
    streams = any("P" in table for table in tables.values())
    for table in tables.values():
        rows = len(next(iter(table.values()), ()))
        if streams and "P" not in table:
            table["P"] = np.ones(rows, dtype=np.int32)  # a file without P holds runs without parallel streams
    files = [file for file, table in tables.items() for _ in next(iter(table.values()), ())]
    starts = {file: files.index(file) for file in dict.fromkeys(files)}
    return unite(list(tables.values())), lambda row: f"row {row - starts[files[row]] + 1} of {files[row]}"


def _named(file: str, columns: Columns, chosen: Mapping[str, str]) -> Columns:
    """One file's columns under the schema's names, with the file as their source where none is given."""
    here = {target: name for target, name in chosen.items() if name in columns}
    try:
        names = resolve(columns, here)
    except RunsError as error:
        raise RunsError([f"{file}: {fault}" for fault in error.faults]) from None
    table = {names[name]: values for name, values in columns.items()}
    rows = len(next(iter(table.values()), ()))
    if "source" not in table:
        table["source"] = objects(np.full(rows, file))
    return table


def _shared(parts: Mapping[str, Parsed]) -> dict[str, Any]:
    """Metadata on which all files agree."""
    first, *others = (part.metadata for part in parts.values())
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
