"""What it takes to reach a loss: parameters needed at every number of streams."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import held_columns, read_values, run_range, stretched, with_held
from scalelaw.analysis.contours import geometric, plane
from scalelaw.analysis.root import solve_decreasing
from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.degenerate import require_column
from scalelaw.fit.predict import estimate_and_ends

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def iso_loss(
    fit: Fit,
    *,
    losses: Any = None,
    x: str = "N",
    y: str | None = None,
    y_range: Any = None,
    num: int = 60,
    level: float | None = None,
    kind: str = "bc",
    **fixed_columns: Any,
) -> pd.DataFrame:
    """The x that every loss takes at every y: parameters over streams, unless other columns are named.

    Parameters
    ----------
    fit : Fit
        Of a law that falls with ``x``.
    losses : numbers, optional
        Nats per token; by default about eight round ones across those of the runs.
    x, y : str
        Columns of the law; ``y`` is P where the law reads it, else its first column besides ``x``.
    y_range : (low, high), optional
        By default that of `contour_grid`.
    num : int
        Values of y, geometrically spaced.
    level : float, optional
        Level of an interval for x; needs bootstrap draws.
    kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
        The last three need no draws, see `scalelaw.interval_of`; at most 60 numbers are profiled at a time.
    **fixed_columns
        One value for each other column of the law; not needed where the runs have only one.

    Returns
    -------
    DataFrame
        ``loss``, ``y``, ``x`` (under their own names) and, with ``level``, ``<x>_low`` and ``<x>_high``; ``num`` rows a
        loss. A loss below the floor at that y gives ``inf``.

    Raises
    ------
    FitError
        If the law lacks a column, a value means nothing, or another column is needed.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> iso_loss(pile, losses=1.9, y_range=(1, 8), num=2).round({"N": -7})
       loss    P             N
    0   1.9  1.0  2.420000e+09
    1   1.9  8.0  1.430000e+09
    """
    y = plane(fit, x, y, what="an iso-loss line")
    require_column(fit, x, what=f"the {x} of a loss")
    held = held_columns(fit, (x, y), fixed_columns)
    if losses is None:
        observed = np.asarray(fit.columns["loss"], dtype=float)
        levels = round_levels(float(observed.min()), float(observed.max()))
    else:
        levels = read_values("loss", losses)
    up = geometric(stretched(fit, y, y_range, below=1.25, above=2.0), num)
    target, up = (part.ravel() for part in np.meshgrid(levels, up, indexing="ij"))
    columns = with_held({y: up}, held)
    start = math.sqrt(math.prod(run_range(fit, x)))

    def needed(theta: np.ndarray, part: slice) -> np.ndarray:
        rows = {name: values[part] for name, values in columns.items()}
        goal = np.broadcast_to(target[part], (len(theta), len(target[part])))
        return solve_decreasing(lambda size: law_losses(fit.law, rows | {x: size}, theta), goal, start)

    size, ends = estimate_and_ends(fit, needed, len(up), level=level, kind=kind)
    bounds = {} if ends is None else {f"{x}_low": ends[0], f"{x}_high": ends[1]}
    return pd.DataFrame({"loss": target, y: up, x: size, **bounds})


def round_levels(low: float, high: float, *, about: int = 8) -> np.ndarray:
    """Round numbers from ``low`` to ``high``, about so many: multiples of 1, 2 or 5 times a power of ten.

    Raises
    ------
    FitError
        If ``low`` is not below ``high``.

    Examples
    --------
    >>> round_levels(1.7772, 2.1113)
    array([1.8 , 1.85, 1.9 , 1.95, 2.  , 2.05, 2.1 ])
    """
    if not low < high:
        raise FitError(f"levels need low below high, not {low:g} and {high:g}")
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda size: abs(math.log(size / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step)))
    return np.round(np.arange(first, last + 1) * step, digits)
