"""The one run that would tell most of what a design leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from scalelaw.analysis.diagnosis.identifiability import condition_of
from scalelaw.fit.model import build, slopes_at
from scalelaw.laws.law import Law

_BELOW, _ABOVE, _POINTS, _COST, _MOST = 4.0, 2.0, 9, 1.0, 4000
"""How far below and above the runs is looked, points a column, cost over that of the costliest run, and candidates."""


def helping_run(law: Law, columns: Mapping[str, np.ndarray], theta: np.ndarray) -> tuple[dict[str, float], float]:
    """The run whose addition lifts the worst determined direction most, and the condition with it.

    Candidates lie on a grid from a quarter of the smallest to twice the largest value of each column and cost no more
    than the costliest run (N D P, as far as the law reads them). The best has the largest smallest singular value of
    the slopes of log loss, each coordinate scaled by what all candidates say of it (E-optimality, Ehrenfeld 1955).

    Parameters
    ----------
    law : Law
    columns : mapping of str to array of shape (rows,)
    theta : array of shape (p,)
        Assumed parameters.

    Returns
    -------
    dict of str to float
        Empty if no candidate has a finite slope.
    float
        The condition with the run.
    """
    candidates = _candidates(columns)
    rows = len(columns[law.columns[0]])
    model = build(law, {name: np.concatenate([columns[name], candidates[name]]) for name in law.columns})
    slopes = slopes_at(model, model.coordinates.from_parameters(theta), log=True)
    sizes = np.sqrt((np.where(np.isfinite(slopes), slopes, 0.0) ** 2).mean(0))
    known = np.isfinite(slopes).all(1)
    if not (sizes > 0).all() or not known[:rows].all() or not known[rows:].any():
        return {}, float("inf")
    scaled = np.where(known[:, None], slopes / sizes, 0.0)
    gram = scaled[:rows].T @ scaled[:rows]
    with_each = gram + scaled[rows:, :, None] * scaled[rows:, None, :]
    best = int(np.linalg.eigvalsh(with_each)[:, 0].argmax())
    run = {name: float(candidates[name][best]) for name in law.columns}
    return run, _condition(law, {name: np.append(columns[name], run[name]) for name in law.columns}, theta)


def _condition(law: Law, columns: Mapping[str, np.ndarray], theta: np.ndarray) -> float:
    model = build(law, columns)
    return condition_of(slopes_at(model, model.coordinates.from_parameters(theta), log=True))


def _candidates(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A grid of runs that cost no more than the costliest one, in round numbers."""
    points = max(3, min(_POINTS, int(_MOST ** (1 / len(columns)))))
    axes = {name: _axis(name, values, points) for name, values in columns.items()}
    grid = dict(zip(axes, np.array(list(product(*axes.values()))).T, strict=True))
    affordable = _cost(grid) <= _COST * _cost(columns).max() * (1 + 1e-9)
    if {"U", "D"} <= set(grid):
        affordable &= grid["U"] <= grid["D"]
    return {name: values[affordable] for name, values in grid.items()}


def _axis(name: str, values: np.ndarray, points: int) -> np.ndarray:
    if name == "P":
        most = max(float(values.max()), 4.0)
        return np.asarray(2.0 ** np.arange(np.floor(np.log2(most)) + 1))
    axis = np.geomspace(values.min() / _BELOW, values.max() * _ABOVE, points)
    return np.unique([float(f"{value:.2g}") for value in axis])


def _cost(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    cost = np.ones(len(next(iter(columns.values()))))
    for name in ("C",) if "C" in columns else ("N", "D", "P"):
        cost = cost * columns.get(name, 1.0)
    return cost
