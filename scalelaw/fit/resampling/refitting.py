"""Many refits of one law to the same rows, under other weights or with other losses, all of them together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scalelaw.fit.continuation import descend
from scalelaw.fit.objective import Problem
from scalelaw.fit.solve import SAME
from scalelaw.fit.thorough import own_starts
from scalelaw.laws.law import Law

_CANDIDATES, _ROUNDS = 512, 3
_COMPARED = 20_000_000
"""Resamples times candidates times rows compared at most where every resample has losses of its own."""
_FEW_ROWS = 40
"""Below this many rows a resample holds some 25 different ones, and its best basin may be another one."""


def own_grid(law: Law, rows: int, *, thorough: bool) -> Law | None:
    """The law if each refit of so many rows should search a start grid of its own, None if a warm start will do."""
    return law if thorough or rows < _FEW_ROWS else None


def refit(
    problem: Problem,
    optimum: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    targets: np.ndarray | None = None,
    own_grid: Law | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Optimum (B, p), objective (B,) and convergence (B,) of every resample.

    Parameters
    ----------
    problem : Problem
    optimum : array of shape (p,) or (B, p)
        Where to start from.
    weights : array of shape (B, rows), optional
        Weights of each resample in place of the problem's.
    targets : array of shape (B, rows), optional
        What each resample is fitted to in place of the problem's target.
    own_grid : Law, optional
        The law whose start grid every resample searches for itself; None trusts the warm start.
    """
    if weights is not None:
        problem = replace(problem, weights=weights)
    if targets is not None:
        problem = replace(problem, target=targets)
    batch = len(weights) if weights is not None else len(problem.target)
    minima = descend(problem, np.array(np.broadcast_to(optimum, (batch, problem.size))))
    known = minima.x, minima.value, minima.converged
    if own_grid is not None:
        for starts in own_starts(own_grid, problem, batch):
            _improve(problem, np.arange(batch), starts, known)
    for _ in range(_ROUNDS):
        best, values, candidates = _best_of_others(problem, known[0])
        missed = np.flatnonzero((values < known[1] * (1 - SAME)) | ~known[2])
        if not len(missed) or not _improve(problem, missed, candidates[best[missed]], known):
            break
    return known


def _best_of_others(problem: Problem, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every resample the best of some solutions of the others: its place, its objective, and those solutions."""
    batch, rows = len(x), problem.model.rows
    shared = problem.target.ndim == 1
    count = min(_CANDIDATES if shared else max(1, _COMPARED // (batch * rows)), batch)
    candidates = x[np.unique(np.linspace(0, batch - 1, count).astype(int))]
    with np.errstate(all="ignore"):
        if shared and problem.weights is not None:
            terms = np.nan_to_num(problem.terms(candidates), nan=1e300, posinf=1e300)
            values = problem.weights @ terms.T
        else:
            columns = [problem.values(np.repeat(one[None], batch, 0)) for one in candidates]
            values = np.stack(columns, 1)
    best = values.argmin(1)
    return best, values[np.arange(batch), best], candidates


def _improve(
    problem: Problem, rows: np.ndarray, starts: np.ndarray, known: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> bool:
    """Minimise some resamples from other starts and keep what is better; whether anything was."""
    x, value, converged = known
    minima = descend(problem.part(rows), starts)
    better = (minima.value < value[rows]) | (
        minima.converged & ~converged[rows] & (minima.value <= value[rows] * (1 + SAME))
    )
    chosen = rows[better]
    x[chosen], value[chosen], converged[chosen] = minima.x[better], minima.value[better], minima.converged[better]
    return bool(better.any())
