"""The corpora ``hf:NAME``: data sets of the Hugging Face hub, or local ones in a form that it knows."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from scalelaw.errors import HarnessError
from scalelaw.extras import need
from scalelaw.harness.corpus.files import LARGEST_PIECE, pieces
from scalelaw.harness.corpus.sources import Source

_OPTIONS = {"config": "", "split": "train", "column": "text"}
_FORMS = {".json": "json", ".jsonl": "json", ".csv": "csv", ".parquet": "parquet", ".txt": "text"}


def source(where: str) -> Source:
    """A column of a data set: ``NAME?config=CONFIG&split=SPLIT&column=COLUMN``.

    The name is that on the hub (``owner/name``), a folder, or a file in JSON, CSV or parquet. Without options it is
    the split ``train``, the column ``text`` and the data set's own configuration.

    Raises
    ------
    MissingExtra
        If the package datasets is not installed.
    HarnessError
        If an option, the data set, the split or the column is unknown, or the hub cannot be reached.
    """
    name, options = asked(where)
    column = options["column"]
    data = _loaded(where, name, options)
    if column not in data.column_names:
        raise HarnessError(
            f"corpus hf:{where}: there is no column {column!r}; there are {', '.join(data.column_names)}; name "
            "one with ?column=NAME"
        )
    data = data.select_columns([column])
    seen = f"{data._fingerprint} {data.num_rows}"  # the package's own hash of data and of what was done with them
    return Source(
        fingerprint=hashlib.sha256(seen.encode()).hexdigest(),
        licence=data.info.license or ("the user's own" if _path(name) else "as the data set's page says"),
        described=(_described(name, options, data),),
        documents=lambda: _documents(where, data, column),
        notes=(f"rows larger than {2 * LARGEST_PIECE:,} bytes are cut into documents at blank lines",),
    )


def asked(where: str) -> tuple[str, dict[str, str]]:
    """Name and options.

    Examples
    --------
    >>> asked("owner/name?split=test")
    ('owner/name', {'config': '', 'split': 'test', 'column': 'text'})
    """
    name, _, rest = where.partition("?")
    try:
        given = dict(parse_qsl(rest, keep_blank_values=True, strict_parsing=bool(rest)))
    except ValueError:
        given = {rest: ""}
    unknown = [option for option in given if option not in _OPTIONS]
    if unknown or not name or not all(given.values()):
        raise HarnessError(
            f"cannot read the corpus hf:{where}; write hf:NAME, with ?config=CONFIG&split=SPLIT&column=COLUMN where "
            "they are needed"
        )
    return name, {**_OPTIONS, **given}


def _loaded(where: str, name: str, options: dict[str, str]) -> Any:
    datasets = need("datasets", extra="datasets", purpose=f"the corpus hf:{where}")
    path = _path(name)
    form = _FORMS.get(path.suffix) if path and path.is_file() else None
    try:
        with _quiet(datasets, of_hub=path is None):
            if path and form is not None:
                return datasets.load_dataset(form, data_files=str(path.resolve()), split=options["split"])
            return datasets.load_dataset(str(path or name), options["config"] or None, split=options["split"])
    except Exception as error:  # the package raises many kinds, some of them those of its own dependencies
        raise HarnessError(_why(where, error)) from error


def _path(name: str) -> Path | None:
    """The file or folder of that name; None where it is a name on the hub."""
    path = Path(name).expanduser()
    return path if path.exists() else None


@contextmanager
def _quiet(datasets: Any, *, of_hub: bool) -> Iterator[None]:
    """Within it the package draws no bars, except of downloads for a person to see."""
    if (of_hub and sys.stderr.isatty()) or datasets.are_progress_bars_disabled():
        yield
        return
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.enable_progress_bars()


def _why(where: str, error: Exception) -> str:
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if isinstance(error, ConnectionError | TimeoutError) or "Offline" in type(error).__name__ or "offline" in said:
        return f"corpus hf:{where}: the Hugging Face hub cannot be reached, and the data set is not in its cache"
    return f"corpus hf:{where} cannot be loaded: {said}"


def _described(name: str, options: dict[str, str], data: Any) -> str:
    config = f" {options['config']}" if options["config"] else ""
    return f"{name}{config}, split {options['split']}, column {options['column']}, {data.num_rows:,} rows"


def _documents(where: str, data: Any, column: str) -> Iterator[bytes]:
    for row, found in enumerate(data):
        text = found[column]
        if text is None:
            continue
        if not isinstance(text, str):
            raise HarnessError(f"corpus hf:{where}: row {row:,} of column {column!r} is no text; name a column of text")
        yield from pieces(text.replace("\0", "").encode("utf-8", "replace"), LARGEST_PIECE)
