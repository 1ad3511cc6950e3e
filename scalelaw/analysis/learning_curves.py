"""Checkpoints of learning curves as runs: warm-up dropped, points weighted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import RunsError

if TYPE_CHECKING:
    import pandas as pd

WEIGHTS = ("run", "late", "equal")


def learning_curves(
    runs: Any, *, warmup: float | str = 0.1, every: float = 1.0, weights: str = "run", column: str = "weight"
) -> pd.DataFrame:
    """Checkpoints to fit a law to: those after the warm-up, with a weight for each.

    Early points tell of the schedule rather than of the law, and the points of one run are not independent. Fit with
    ``weights="weight"``; intervals resample whole runs, as `scalelaw.fit` does for a table in which ``run`` repeats.

    Parameters
    ----------
    runs : DataFrame or mapping
        Columns ``run``, ``loss`` and ``step`` or ``D``, the checkpoints of every run.
    warmup : float or quantity
        Points to drop: below 1 as a share of the run's last step (or tokens), else as steps (or tokens).
    every : float
        Keep points whose step is at least this factor apart, from the last backwards; 1 keeps all.
    weights : {"run", "late", "equal"}
        Weight of a point: 1 over the points of its run, so that every run counts as one; that times the point's share
        of the run's steps, scaled to the same sum, so that later points count more; or 1.
    column : str
        Name of the column of weights.

    Returns
    -------
    DataFrame
        The rows kept, as they were, with ``column``.

    Raises
    ------
    RunsError
        If a column is missing, an option means nothing, or nothing is left.

    Examples
    --------
    >>> curves = {"run": ["a"] * 4, "step": [10, 100, 500, 1000], "N": [1e8] * 4, "loss": [9.0, 4.0, 3.1, 3.0]}
    >>> learning_curves(curves, warmup=50)[["step", "weight"]].round(3)
       step  weight
    0   100   0.333
    1   500   0.333
    2  1000   0.333
    """
    import pandas as pd

    from scalelaw.runs import check_columns, quantity

    table = check_columns(runs, need=("loss", "run"))
    clock = next((name for name in ("step", "D") if name in table), None)
    if clock is None:
        raise RunsError("learning curves need a column 'step' or 'D' that says where on its curve a checkpoint stands")
    least = quantity(warmup) if isinstance(warmup, str) else warmup
    if least is None or not least >= 0:
        raise RunsError(f"warmup is a share of the run below 1, or steps such as 2000, not {warmup!r}")
    if weights not in WEIGHTS:
        raise RunsError(f"weights are one of {', '.join(WEIGHTS)}, not {weights!r}")
    if not every >= 1:
        raise RunsError(f"every is a factor of 1 or more between points, not {every!r}")
    kept, values = _kept(table, clock, float(least), every, weights)
    if not len(kept):
        raise RunsError(f"warmup={warmup!r} leaves no checkpoint; drop less")
    frame = pd.DataFrame({name: np.asarray(each)[kept] for name, each in table.items()})
    frame[column] = values
    return frame


def _kept(
    table: Mapping[str, Any], clock: str, least: float, every: float, weights: str
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep, in the table's order, and their weights."""
    groups = np.unique([str(name) for name in table["run"]], return_inverse=True)[1]
    time = np.asarray(table[clock], dtype=float)
    weight = np.zeros(len(time))
    for group in range(groups.max(initial=-1) + 1):
        rows = np.flatnonzero(groups == group)
        rows = rows[time[rows] >= (least * time[rows].max() if least < 1 else least)]
        rows = _spaced(rows[np.argsort(time[rows], kind="stable")], time, every)
        share = np.ones(len(rows)) if weights != "late" else time[rows] / time[rows].sum()
        weight[rows] = share if weights == "equal" else share / share.sum()
    kept = np.flatnonzero(weight > 0)
    return kept, weight[kept]


def _spaced(rows: np.ndarray, time: np.ndarray, every: float) -> np.ndarray:
    """Rows, given in order of time, at least a factor apart, counted from the last."""
    chosen: list[int] = []
    for row in rows[::-1]:
        if not chosen or time[row] * every <= time[chosen[-1]]:
            chosen.append(int(row))
    return np.array(chosen[::-1], dtype=int)
