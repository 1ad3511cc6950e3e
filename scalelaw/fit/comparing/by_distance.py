"""Errors of held-out runs gathered by their distance from the fitted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError

if TYPE_CHECKING:
    import pandas as pd


def error_by_distance(frame: pd.DataFrame, *, bins: int = 6) -> pd.DataFrame:
    """Mean absolute errors of laws on runs at like distances beyond the fitted ones.

    Parameters
    ----------
    frame : DataFrame
        As `held_out` returns it.
    bins : int
        Distances at most; they hold about as many held-out runs each, the same for every law.

    Returns
    -------
    DataFrame
        One row a law and distance: ``law``, ``distance`` (mean, in decades of compute beyond the dearest fitted run;
        below 0 within them), ``runs`` (held-out predictions) and ``error``, their mean absolute percentage error.

    Raises
    ------
    FitError
        If the frame is another one, its runs do not say what they cost, or ``bins`` is not a positive number.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.held_out(["parscale", "additive_streams"], sl.load("parscale-pile"), holdouts="rolling")
    >>> sl.error_by_distance(frame, bins=2).round(2)
                    law  distance  runs  error
    0          parscale      0.18    18   0.28
    1          parscale      0.61    18   0.75
    2  additive_streams      0.18    18   0.11
    3  additive_streams      0.61    18   0.23
    """
    missing = [name for name in ("law", "distance", "error") if name not in frame]
    if missing:
        raise FitError(f"the frame lacks {', '.join(missing)}; it should be one that held_out() returns")
    if not isinstance(bins, (int, np.integer)) or bins < 1:
        raise FitError(f"bins must be a whole number, at least 1, not {bins!r}")
    known = frame[np.isfinite(frame["distance"]) & np.isfinite(frame["error"])]
    if known.empty:
        raise FitError("no held-out run has a distance: the table needs C, or N and what else makes a run's compute")
    edges = np.unique(np.quantile(known["distance"], np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, known["distance"], side="left")
    gathered = known.assign(_bin=place, _size=known["error"].abs()).groupby(["law", "_bin"], sort=False)
    table = gathered.agg(distance=("distance", "mean"), runs=("error", "size"), error=("_size", "mean")).reset_index()
    order = {law: rank for rank, law in enumerate(dict.fromkeys(known["law"]))}
    table = table.assign(_law=table["law"].map(order)).sort_values(["_law", "_bin"], kind="stable", ignore_index=True)
    return table[["law", "distance", "runs", "error"]]
