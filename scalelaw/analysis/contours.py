"""Losses over a plane of two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import held_columns, losses_over, need_columns, other_column, stretched, within
from scalelaw.errors import FitError

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def contour_grid(
    fit: Fit,
    *,
    x: str = "N",
    y: str | None = None,
    x_range: Any = None,
    y_range: Any = None,
    num: tuple[int, int] = (80, 60),
    level: float | None = None,
    kind: str = "bc",
    **fixed_columns: Any,
) -> pd.DataFrame:
    """Losses on a grid of two columns, geometrically spaced.

    Parameters
    ----------
    fit : Fit
    x, y : str
        Columns of the law; ``y`` is P where the law reads it, else its first column besides ``x``.
    x_range, y_range : (low, high), optional
        Ends, also as quantities (``("0.5B", "8B")``). By default the range of the runs and somewhat beyond: down by a
        quarter and up by a factor of two; P never below 1.
    num : (int, int)
        Points along x and along y.
    level : float, optional
        Level of an interval for the mean loss; needs bootstrap draws.
    kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
        The last three need no draws, see `scalelaw.interval_of`; at most 60 numbers are profiled at a time.
    **fixed_columns
        One value for each other column of the law; not needed where the runs have only one.

    Returns
    -------
    DataFrame
        ``x``, ``y`` (under their own names), ``loss`` in nats per token, with ``level`` also ``low`` and ``high``,
        and ``inside``: whether the point is within the range of the runs in both columns. ``num[0] * num[1]`` rows,
        y running fastest.

    Raises
    ------
    FitError
        If the law lacks a column, a range means nothing, or another column is needed.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> contour_grid(pile, x_range=("1B", "4B"), y_range=(1, 8), num=(2, 2)).round(3)
                  N    P   loss  inside
    0  1.000000e+09  1.0  2.016    True
    1  1.000000e+09  8.0  1.944    True
    2  4.000000e+09  1.0  1.843    True
    3  4.000000e+09  8.0  1.788    True
    """
    y = plane(fit, x, y, what="a contour grid")
    held = held_columns(fit, (x, y), fixed_columns)
    axes = [
        geometric(stretched(fit, name, given, below=1.25, above=2.0), points)
        for name, given, points in ((x, x_range, num[0]), (y, y_range, num[1]))
    ]
    across, up = (part.ravel() for part in np.meshgrid(*axes, indexing="ij"))
    columns = {x: across, y: up}
    losses = losses_over(fit, columns, held, level=level, kind=kind)
    return pd.DataFrame({**columns, **losses, "inside": within(fit, columns)})


def plane(fit: Fit, x: str, y: str | None, *, what: str) -> str:
    """The second column of a plane, checked with the first.

    Raises
    ------
    FitError
    """
    y = y or other_column(fit, x)
    if y is None or x == y:
        raise FitError(
            f"{what} needs a law in two columns, and law {fit.law.name!r} reads {', '.join(fit.law.columns)}"
        )
    need_columns(fit, x, y, what=what)
    return y


def geometric(ends: tuple[float, float], num: int) -> np.ndarray:
    """Points from low to high, geometrically spaced, ends exact.

    Raises
    ------
    FitError
        If there are fewer than two.
    """
    if num < 2:
        raise FitError(f"a range needs at least 2 points, not {num!r}")
    return np.geomspace(*ends, num)
