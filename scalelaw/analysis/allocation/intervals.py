"""Columns of a frame for quantities known under many parameter sets: the estimate, and the ends of its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.ends import ends_without_draws
from scalelaw.fit.intervals import WITHOUT_DRAWS, check_kind, interval
from scalelaw.fit.predict import parameter_sets

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

Values = Mapping[str, np.ndarray]
"""Quantities by name, each of shape (sets, rows), or (1, rows) where it does not change with the parameters."""


def sets_of(fit: Fit, level: float | None, kind: str) -> np.ndarray:
    """The fitted parameters and, if an interval is to be had from draws, those; shape (sets, parameters).

    Raises
    ------
    FitError
        If the level or the kind means nothing.
    """
    check_kind(level, kind)
    return parameter_sets(fit, draws=level is not None and fit.draws is not None and kind not in WITHOUT_DRAWS)


def with_ends(values: Values, *, level: float | None, kind: str) -> dict[str, np.ndarray]:
    """Each quantity as a column and, if there is more than one set, ``_low`` and ``_high`` behind it."""
    columns = {}
    for name, value in values.items():
        columns[name] = value[0]
        if len(value) > 1 and level is not None:
            ends = interval(value[1:], value[0], level=level, kind=kind)
            columns[f"{name}_low"], columns[f"{name}_high"] = ends
    return columns


def with_ends_of(
    fit: Fit,
    of: Callable[[np.ndarray], Values],
    theta: np.ndarray,
    *,
    level: float | None,
    kind: str,
    positive: bool = True,
    one: Callable[[np.ndarray, str, int], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """`with_ends` of a function of parameter sets, by every kind of interval; ``theta`` are those of `sets_of`.

    ``positive`` says whether the quantities are positive by nature, see `scalelaw.fit.quantity.Quantity`. ``one``, of
    parameter sets, a name and a row, gives the values (sets,) of one number, for quantities that are dear to compute: a
    profile asks for a number at a time.
    """
    if level is None or kind not in WITHOUT_DRAWS:
        return with_ends(of(theta), level=level, kind=kind)
    moving = [name for name, value in of(np.repeat(theta[:1], 2, 0)).items() if len(value) > 1]

    def joined(sets: np.ndarray) -> np.ndarray:
        values = of(sets)
        return np.concatenate([values[name] for name in moving], axis=1)

    rows = len(next(iter(of(theta[:1]).values()))[0])
    alone = None if one is None else lambda sets, place: one(sets, moving[place // rows], place % rows)
    ends = ends_without_draws(fit, joined, level=level, kind=kind, positive=positive, one=alone)
    columns = {}
    places = iter(np.split(ends, len(moving), axis=1))
    for name, value in of(theta[:1]).items():
        columns[name] = value[0]
        if name in moving:
            columns[f"{name}_low"], columns[f"{name}_high"] = next(places)
    return columns
