"""Approach 1: the best run at each training budget along the learning curves, and how its size grows with compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.analysis.columns import read_values
from scalelaw.analysis.frontier import Frontier, need_two, power_laws
from scalelaw.analysis.isoflop_profile import budget_columns
from scalelaw.errors import FitError, RunsError
from scalelaw.fit.intervals import check_interval

_BUDGETS = 200
_SMALLEST, _LARGEST = "the smallest size is the best", "the largest size is the best"


@dataclass(frozen=True)
class Curve:
    """One run: ln C in rising order, with ln D and the loss there."""

    name: str
    N: float
    compute: np.ndarray
    tokens: np.ndarray
    loss: np.ndarray


def envelope(
    runs: Any,
    *,
    C: Any = None,
    bootstrap: int = 0,
    rng: int | np.random.Generator = 0,
    level: float = 0.95,
    kind: str = "bc",
) -> Frontier:
    """Best N and D at each budget from the envelope of learning curves, and the power laws N*(C) and D*(C).

    At every budget the run with the least loss, interpolated along its curve in ln C, gives N and D; straight lines in
    logarithms through them give the exponents (approach 1 of Hoffmann et al. 2022, arXiv:2203.15556, section 3.1).
    Budgets at which the smallest or the largest size is the best are refused: the optimum may lie beyond. Losses before
    the end of a schedule are higher than those of a run that ends there, which favours the sizes that end.

    Parameters
    ----------
    runs : DataFrame or mapping
        Columns ``run``, ``N``, ``D``, ``loss`` and, if there is one, ``C`` (else 6 N D P): checkpoints of several runs.
        Drop their warm-up first (`scalelaw.learning_curves`).
    C : numbers or quantities, optional
        Budgets; by default 200 between those that two runs or more reach.
    bootstrap : int
        Draws for intervals, each of which resamples whole runs.
    rng, level, kind
        As in `scalelaw.isoflop`.

    Returns
    -------
    Frontier
        Its ``minima`` have ``run``, the name of the best one.

    Raises
    ------
    FitError
        If fewer than two budgets have a best size between others.
    RunsError
        If a column is missing or faulty, or there are fewer than three runs.

    Examples
    --------
    >>> import scalelaw as sl
    >>> curves = sl.load("gemstones")
    >>> envelope(curves, C=[3e19, 1e20, 3e20]).minima[["C", "N", "loss"]].round({"N": -6, "loss": 3})
                  C             N   loss
    0  3.000000e+19  4.970000e+08  3.118
    1  1.000000e+20  5.430000e+08  2.886
    2  3.000000e+20  1.014000e+09  2.734
    """
    check_interval(level, kind)
    curves = curves_of(runs)
    budgets = _budgets(curves) if C is None else np.unique(read_values("C", C))
    table = _table(curves, budgets)
    frame = _minima(curves, table, budgets)
    need_two(frame, "envelope")
    draws = None
    kept = (frame["refused"] == "").to_numpy()
    if bootstrap:
        draws = _draws(curves, table[:, kept], budgets[kept], bootstrap, np.random.default_rng(rng))
    best = {name: frame[name].to_numpy()[kept] for name in ("N", "D")}
    exponents = power_laws(budgets[kept], best, draws, independent=False, level=level, kind=kind)
    return Frontier("envelope", frame, exponents, _points(curves), _points(curves))


def curves_of(runs: Any) -> list[Curve]:
    """The learning curves of a table, in order of size.

    Raises
    ------
    RunsError
        If there is no column ``run``, or fewer than three runs.
    """
    from scalelaw.runs import check_columns

    table = check_columns(runs, need=("N", "D", "loss", "run"))
    columns = budget_columns(table)
    names, groups = np.unique([str(name) for name in table["run"]], return_inverse=True)
    curves = []
    for group, name in enumerate(names):
        part = {column: values[groups == group] for column, values in columns.items()}
        order = np.argsort(part["C"], kind="stable")
        C, D = np.log(part["C"][order]), np.log(part["D"][order])
        curves.append(Curve(str(name), float(part["N"].mean()), C, D, part["loss"][order]))
    if len(curves) < 3:
        raise RunsError(f"an envelope needs the learning curves of three runs or more, and the table has {len(curves)}")
    return sorted(curves, key=lambda curve: curve.N)


def _budgets(curves: list[Curve]) -> np.ndarray:
    low = np.sort([curve.compute[0] for curve in curves])[1]
    high = np.sort([curve.compute[-1] for curve in curves])[-2]
    if not low < high:
        raise FitError("no budget is reached by two of the runs; give C")
    return np.exp(np.linspace(low, high, _BUDGETS))


def _table(curves: list[Curve], budgets: np.ndarray) -> np.ndarray:
    """Loss of every run at every budget, shape (runs, budgets); infinite where it was not trained that far."""
    at, reached = np.log(budgets), 1e-9
    rows = []
    for curve in curves:
        inside = (at >= curve.compute[0] - reached) & (at <= curve.compute[-1] + reached)
        rows.append(np.where(inside, np.interp(at, curve.compute, curve.loss), np.inf))
    return np.stack(rows)


def _minima(curves: list[Curve], table: np.ndarray, budgets: np.ndarray) -> Any:
    import pandas as pd

    best = table.argmin(0)
    sizes = np.array([curve.N for curve in curves])
    present = np.isfinite(table)
    lowest = np.where(present, sizes[:, None], np.inf).min(0)
    highest = np.where(present, sizes[:, None], 0.0).max(0)
    none = ~present.any(0)
    D = [np.exp(np.interp(np.log(C), curves[j].compute, curves[j].tokens)) for C, j in zip(budgets, best, strict=True)]
    values = {"N": sizes[best], "D": np.array(D), "loss": table.min(0)}
    frame = pd.DataFrame({"C": budgets} | {name: np.where(none, np.nan, value) for name, value in values.items()})
    frame["run"] = ["" if lost else curves[j].name for j, lost in zip(best, none, strict=True)]
    conditions = [none, lowest == highest, sizes[best] <= lowest, sizes[best] >= highest]
    frame["refused"] = np.select(conditions, ["no run reaches it", "one size reaches it", _SMALLEST, _LARGEST], "")
    return frame


def _draws(
    curves: list[Curve], table: np.ndarray, budgets: np.ndarray, count: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """N and D of the best among the runs that each draw holds, shape (count, budgets)."""
    sizes = np.log([curve.N for curve in curves])
    tokens = np.stack([np.interp(np.log(budgets), curve.compute, curve.tokens) for curve in curves])
    N, D = np.full((count, len(budgets)), np.nan), np.full((count, len(budgets)), np.nan)
    for b in range(count):
        drawn = np.unique(rng.integers(0, len(curves), len(curves)))
        part = table[drawn]
        best, any_ = drawn[part.argmin(0)], np.isfinite(part).any(0)
        N[b] = np.where(any_, np.exp(sizes[best]), np.nan)
        D[b] = np.where(any_, np.exp(tokens[best, np.arange(len(budgets))]), np.nan)
    return {"N": N, "D": D}


def _points(curves: list[Curve]) -> Any:
    import pandas as pd

    parts = [
        pd.DataFrame({"C": np.exp(c.compute), "N": c.N, "D": np.exp(c.tokens), "loss": c.loss, "run": c.name})
        for c in curves
    ]
    return pd.concat(parts, ignore_index=True)
