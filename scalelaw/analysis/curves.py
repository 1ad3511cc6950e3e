"""The law as lines: loss over one column, a line for each value of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import (
    held_columns,
    losses_over,
    need_columns,
    other_column,
    read_values,
    stretched,
    tidy,
)
from scalelaw.analysis.contours import geometric

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_MANY, _SHOWN = 12, 8


def curves(
    fit: Fit,
    *,
    x: str = "N",
    by: str | None = None,
    values: Any = None,
    extra: Any = (),
    x_range: Any = None,
    num: int = 100,
    level: float | None = None,
    kind: str = "bc",
    **fixed_columns: Any,
) -> pd.DataFrame:
    """Fitted lines over ``x``, one for each value of ``by``.

    Parameters
    ----------
    fit : Fit
    x : str
        A column of the law; where it has one column only, that one.
    by : str, optional
        P where the law reads it, else its first column besides ``x``; a law in one column has one line.
    values : numbers, optional
        Values of ``by``; by default those of the runs, or eight across their range where they have more than twelve.
    extra : numbers
        Further values of ``by``.
    x_range : (low, high), optional
        By default that of the runs and a fifth beyond.
    num : int
        Points a line, geometrically spaced.
    level : float, optional
        Level of an interval for the mean loss; needs bootstrap draws.
    kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
        The last three need no draws, see `scalelaw.interval_of`; at most 60 numbers are profiled at a time.
    **fixed_columns
        One value for each other column of the law; not needed where the runs have only one.

    Returns
    -------
    DataFrame
        ``by`` (under its own name, if there is one), ``x``, ``loss`` in nats per token and, with ``level``, ``low`` and
        ``high``; ``num`` rows a line.

    Raises
    ------
    FitError
        If the law lacks a column, a value means nothing, or another column is needed.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> lines = curves(pile, extra=16)
    >>> lines.groupby("P").size().to_dict()
    {1: 100, 2: 100, 4: 100, 8: 100, 16: 100}
    """
    if len(fit.law.columns) == 1 and x == "N":
        (x,) = fit.law.columns
    by = by or other_column(fit, x)
    names = (x,) if by is None else (x, by)
    need_columns(fit, *names, what="a curve")
    held = held_columns(fit, names, fixed_columns)
    across = geometric(stretched(fit, x, x_range, below=1.2, above=1.2), num)
    columns = {x: across}
    if by is not None:
        lines = np.union1d(read_values(by, values) if values is not None else _lines(fit, by), _extra(by, extra))
        columns = {by: np.repeat(lines, num), x: np.tile(across, len(lines))}
    losses = losses_over(fit, columns, held, level=level, kind=kind)
    if by is not None:
        columns[by] = tidy(columns[by])
    return pd.DataFrame({**columns, **losses})


def _lines(fit: Fit, by: str) -> np.ndarray:
    found = np.unique(np.asarray(fit.columns[by], dtype=float))
    return found if len(found) <= _MANY else np.geomspace(found[0], found[-1], _SHOWN)


def _extra(by: str, extra: Any) -> np.ndarray:
    return read_values(by, extra) if np.ndim(extra) == 0 or len(extra) else np.empty(0)
