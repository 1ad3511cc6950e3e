"""Columns of a frame for quantities known under many parameter sets: the estimate, and the ends of its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.intervals import check_interval, interval
from scalelaw.fit.predict import parameter_sets

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def sets_of(fit: Fit, level: float | None, kind: str) -> np.ndarray:
    """The fitted parameters and, if there are draws and a level is given, those; shape (sets, parameters).

    Raises
    ------
    FitError
        If the level or the kind means nothing.
    """
    check_interval(level, kind)
    return parameter_sets(fit, draws=level is not None and fit.draws is not None)


def with_ends(values: Mapping[str, np.ndarray], *, level: float | None, kind: str) -> dict[str, np.ndarray]:
    """Each quantity (sets, rows) as a column and, if there is more than one set, ``_low`` and ``_high`` behind it."""
    columns = {}
    for name, value in values.items():
        columns[name] = value[0]
        if len(value) > 1 and level is not None:
            ends = interval(value[1:], value[0], level=level, kind=kind)
            columns[f"{name}_low"], columns[f"{name}_high"] = ends
    return columns
