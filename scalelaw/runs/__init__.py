"""The runs table: training runs as columns, checked.

A table is a pandas DataFrame, or a dict of NumPy arrays where pandas is not wanted. :func:`read` and
:func:`read_columns` read it, :func:`check` and :func:`check_columns` normalise it or name every fault,
:func:`write` writes it, :func:`take` gives a law the columns it asks for. The schema, ``runs/1``, is in
:data:`COLUMNS`.
"""

from scalelaw.runs.checking import check_columns
from scalelaw.runs.choosing import last_of_runs, select
from scalelaw.runs.frames import check, read, to_frame
from scalelaw.runs.names import resolve
from scalelaw.runs.needs import require, take
from scalelaw.runs.quantities import quantity
from scalelaw.runs.reading import read_columns, read_with_metadata
from scalelaw.runs.schema import COLUMNS, SCHEMA, Column, Columns, units
from scalelaw.runs.writing import write

__all__ = [
    "COLUMNS",
    "SCHEMA",
    "Column",
    "Columns",
    "check",
    "check_columns",
    "last_of_runs",
    "quantity",
    "read",
    "read_columns",
    "read_with_metadata",
    "require",
    "resolve",
    "select",
    "take",
    "to_frame",
    "units",
    "write",
]
