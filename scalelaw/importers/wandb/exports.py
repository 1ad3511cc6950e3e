"""Tables exported from Weights & Biases: a run's history, a table of runs, a chart."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scalelaw.errors import RunsError
from scalelaw.importers.logged import Logged
from scalelaw.importers.naming import STEPS, number
from scalelaw.runs.arrays import empty
from scalelaw.runs.parsing import parse
from scalelaw.runs.reading import KINDS

ENDINGS = (*KINDS, ".json")
SAMPLE = 500
"""Rows that ``run.history()`` and the web page give of a longer history, unless told otherwise."""

_CHART = re.compile(r"(?P<run>.+) - (?P<metric>[^-]\S*?)(?P<end>__MIN|__MAX)?")
_RUN = ("run", "run_name", "run_id", "name", "Name")
_SNIPPET = {"summary", "config", "name"}


def logs(file: Path) -> Iterator[Logged]:
    """Logged runs of one table, whichever of the exports it is."""
    rows = _rows(file)
    names = list(dict.fromkeys(name for row in rows for name in row))
    if any(found["end"] for found in map(_CHART.fullmatch, names) if found):
        yield from _chart(rows, file)
    elif set(names) >= _SNIPPET:
        yield from _snippet(rows, file)
    elif "Name" in names and not set(STEPS).intersection(names):
        yield from _one_row_a_run(rows, file)
    else:
        yield from _histories(rows, names, file)


def _rows(file: Path) -> list[dict[str, Any]]:
    """Rows of a table without their empty cells."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RunsError(f"cannot read {file}: {error.strerror or error}; check its permissions") from error
    if file.suffix.lower() == ".json":
        return [{k: v for k, v in row.items() if v is not None} for row in _json(data, file)]
    kind = next((kind for ending, kind in KINDS.items() if file.name.lower().endswith(ending)), None)
    if kind is None:
        raise RunsError(f"cannot tell what {file} is by its name; understood are {', '.join(ENDINGS)}")
    columns = parse(data, kind, str(file)).columns
    blank = {name: empty(values) for name, values in columns.items()}
    count = len(next(iter(columns.values()), ()))
    return [{name: values[i] for name, values in columns.items() if not blank[name][i]} for i in range(count)]


def _json(data: bytes, file: Path) -> Iterable[Mapping[str, Any]]:
    """A list of rows, or columns as pandas writes them."""
    try:
        table = json.loads(data)
    except ValueError:
        raise RunsError(f"{file} is not JSON: the export was cut short; make it again") from None
    if isinstance(table, Mapping) and table and all(isinstance(column, Mapping) for column in table.values()):
        rows = dict.fromkeys(row for column in table.values() for row in column)
        table = [{name: column.get(row) for name, column in table.items()} for row in rows]
    if not isinstance(table, list) or not all(isinstance(row, Mapping) for row in table):
        raise RunsError(f"{file} is no table: an export is a list of rows, or columns of rows")
    return table


def _histories(rows: list[dict[str, Any]], names: list[str], file: Path) -> Iterator[Logged]:
    """The history of one run, or of several that a column names."""
    run = next((name for name in _RUN if name in names), None)
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        parts.setdefault(str(row[run]) if run in row else _called(file), []).append(row)
    step = next((name for name in STEPS if name in names), None)
    for name, part in parts.items():
        in_order = sorted(part, key=lambda row: number(row.get(step)) or 0) if step else part
        settings = {key.removeprefix("config."): value for key, value in part[0].items() if key.startswith("config.")}
        yield Logged(name, f"wandb:{file}", in_order, settings, _doubts(in_order, step))


def _called(file: Path) -> str:
    """The name of a run by its file; the files of a history artifact are called 0000.parquet."""
    stem = file.name.partition(".")[0]
    return file.parent.name if stem.isdigit() and file.parent.name else stem


def _doubts(rows: list[dict[str, Any]], step: str | None) -> list[str]:
    """Whether a history looks like a sample: as many rows as one has, with steps left out between them."""
    steps = [value for row in rows if step and (value := number(row.get(step))) is not None]
    if len(rows) != SAMPLE or len(steps) < SAMPLE or steps[-1] - steps[0] < SAMPLE:
        return []
    return [
        f"{SAMPLE} rows with steps between them left out look like a sample, whose last evaluation need not be the "
        f"run's; export run.scan_history()"
    ]


def _one_row_a_run(rows: list[dict[str, Any]], file: Path) -> Iterator[Logged]:
    """The table of runs of the web page: settings and last values in a row a run."""
    for row in rows:
        yield Logged(str(row["Name"]), f"wandb:{file}", [row])


def _snippet(rows: list[dict[str, Any]], file: Path) -> Iterator[Logged]:
    """What the documentation of Weights & Biases exports: name, config and summary, the latter two as dicts in text."""
    for row in rows:
        config, summary = (_dict(row.get(name), file) for name in ("config", "summary"))
        yield Logged(str(row["name"]), f"wandb:{file}", [summary], config)


def _dict(value: Any, file: Path) -> dict[str, Any]:
    if isinstance(value, str):
        readers: tuple[Callable[[str], Any], ...] = (json.loads, ast.literal_eval)
        for read in readers:
            try:
                value = read(value)
                break
            except (ValueError, SyntaxError):
                continue
    if not isinstance(value, Mapping):
        raise RunsError(f"{file} has a config or summary that is no dict, {str(value)[:40]!r}; export it as JSON")
    return {str(name): each for name, each in value.items() if each is not None}


def _chart(rows: list[dict[str, Any]], file: Path) -> Iterator[Logged]:
    """A chart's data: a column a run and metric, with the least and the most of the steps that each value is of."""
    histories: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        step = {name: row[name] for name in STEPS if name in row}
        for name, value in row.items():
            found = _CHART.fullmatch(name)
            if not found or found["end"]:
                continue
            if any(row.get(f"{name}{end}", value) != value for end in ("__MIN", "__MAX")):
                raise RunsError(
                    f"{file}: {value} of {name!r} is a mean over several steps, as charts of long runs are; export "
                    f"run.scan_history() instead"
                )
            histories.setdefault(found["run"], []).append({**step, found["metric"]: value})
    for run, history in histories.items():
        yield Logged(run, f"wandb:{file}", history)
