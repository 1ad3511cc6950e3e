"""Published training runs that ship with the package, and the values their papers fitted to them.

``SOURCES.md`` beside this file tells for every set its paper, source, licence, and the convention of every column.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.datasets.fits import Published, published
from scalelaw.errors import ScalelawError
from scalelaw.runs.checking import check_columns
from scalelaw.runs.choosing import select
from scalelaw.runs.frames import to_frame
from scalelaw.runs.parsing import Parsed, parse
from scalelaw.runs.schema import SCHEMA, Columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Published", "about", "load", "load_columns", "names", "published"]

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Names of the bundled sets.

    Examples
    --------
    >>> names()[:3]
    ('chinchilla', 'gadre', 'gemstones')
    """
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.parquet")))


def load(name: str, **where: str | float) -> pd.DataFrame:
    """Load a bundled set as a checked runs table.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    **where
        Values by column: only rows that have them are kept, as in
        ``load("porian", dataset="rw", hparams="tuned", param_count="standard")``.

    Returns
    -------
    DataFrame
        Schema ``runs/1``, but for ``parscale-downstream``, which holds accuracies in long form.
        ``attrs["scalelaw"]`` tells where the set comes from and what each column means.

    Raises
    ------
    ScalelawError
        If there is no such set, or no row has the values asked for.

    Examples
    --------
    >>> load("parscale-pile").shape
    (24, 8)
    """
    columns, metadata = _load(name, where)
    if _schema(metadata) == SCHEMA:
        return to_frame(columns, metadata)
    import pandas as pd

    frame = pd.DataFrame(columns)
    frame.attrs = metadata
    return frame


def load_columns(name: str, **where: str | float) -> Columns:
    """Load a bundled set as a dict of arrays of shape (rows,), without pandas; otherwise as :func:`load`.

    Examples
    --------
    >>> columns = load_columns("chinchilla")
    >>> len(columns["loss"])
    234
    """
    return _load(name, where)[0]


def about(name: str) -> dict[str, Any]:
    """Where a bundled set comes from: title, paper, source, licence, and the meaning of every column."""
    return dict(_parsed(name).metadata["scalelaw"])


def _load(name: str, where: Mapping[str, str | float]) -> tuple[Columns, dict[Any, Any]]:
    parsed = _parsed(name)
    columns = select(parsed.columns, where, what=f"data set {name!r}") if where else parsed.columns
    runs = _schema(parsed.metadata) == SCHEMA
    return (check_columns(columns) if runs else columns), parsed.metadata


def _parsed(name: str) -> Parsed:
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        raise ScalelawError(f"there is no bundled data set {name!r}{meant}; there are {', '.join(names())}")
    return parse((_FOLDER / f"{name}.parquet").read_bytes(), "parquet", name)


def _schema(metadata: Mapping[str, Any]) -> str:
    return str(metadata["scalelaw"]["schema"])
