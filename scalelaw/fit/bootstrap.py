"""The bootstrap: every resample is the same runs with whole-number weights, and all of them are refitted together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.identified import identified
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import Reduced
from scalelaw.fit.solve import SAME, Solution, descend
from scalelaw.fit.thorough import own_starts
from scalelaw.laws.law import Law

KINDS = ("auto", "pairs", "stratified", "cluster")
_CANDIDATES, _ROUNDS = 512, 3
_REDRAWS = 50
_FEW_ROWS = 40
"""Below this many rows a resample holds some 25 different ones, and its best basin may be another one."""


@dataclass(frozen=True)
class Draws:
    """Bootstrap refits.

    Attributes
    ----------
    theta : array of shape (B, parameters)
        All parameters of the law, in its order, on every resample.
    objective : array of shape (B,)
    converged : array of bool, shape (B,)
    kind, by : str
        What was resampled: ``pairs``, ``stratified`` or ``cluster``, and the column that says the groups.
    redrawn : int
        Resamples that could not determine the parameters and were drawn anew.
    seed : int or None
        What the draws can be repeated from; None where a generator was given.
    """

    theta: np.ndarray
    objective: np.ndarray
    converged: np.ndarray
    kind: str
    by: str = ""
    redrawn: int = 0
    seed: int | None = None

    def __len__(self) -> int:
        return len(self.theta)

    def describe(self) -> str:
        """What was resampled, in words."""
        what = {"pairs": "runs", "stratified": f"runs within each {self.by}", "cluster": f"whole groups of {self.by}"}
        return f"{len(self)} bootstrap refits, resampling {what[self.kind]}"


@dataclass(frozen=True)
class Resampling:
    """Which rows are drawn together: ``groups`` (rows,) numbers the strata or the clusters."""

    kind: str
    by: str
    groups: np.ndarray

    @classmethod
    def plan(cls, kind: str, by: str | None, table: Mapping[str, Any]) -> Resampling:
        """Resolve ``"auto"`` and read the grouping column.

        Raises
        ------
        FitError
            If the kind is unknown, the column is missing, or there are fewer than two clusters.
        """
        if kind not in KINDS:
            raise FitError(f"resample must be one of {', '.join(KINDS)}, not {kind!r}")
        rows = len(table["loss"])
        if kind == "auto":
            shared = "run" in table and len({str(name) for name in table["run"]}) < rows
            kind = "cluster" if by is not None or shared else "pairs"
        if kind == "pairs":
            if by is not None:
                raise FitError(f"resampling pairs has no groups, so by={by!r} means nothing; leave it out")
            return cls(kind, "", np.zeros(rows, int))
        by = by or ("run" if kind == "cluster" else "P")
        if by not in table:
            raise FitError(f"resampling by {by!r} needs a column {by!r}; the table has {', '.join(map(repr, table))}")
        groups = np.unique([str(value) for value in table[by]], return_inverse=True)[1]
        if kind == "cluster" and groups.max() < 1:
            raise FitError(f"resampling clusters needs at least two values of {by!r}, and the table has one")
        return cls(kind, by, groups)

    def weights(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Times each row was drawn, shape (count, rows)."""
        rows = len(self.groups)
        if self.kind == "cluster":
            return _counts(int(self.groups.max()) + 1, count, rng)[:, self.groups]
        if self.kind == "pairs":
            return _counts(rows, count, rng)
        weights = np.empty((count, rows))
        for group in range(int(self.groups.max()) + 1):
            members = np.flatnonzero(self.groups == group)
            weights[:, members] = _counts(len(members), count, rng)
        return weights


def _counts(size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.integers(0, size, (count, size)) + size * np.arange(count)[:, None]
    return np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size).astype(float)


def bootstrap_draws(
    reduced: Reduced,
    problem: Problem,
    solution: Solution,
    resampling: Resampling,
    count: int,
    rng: int | np.random.Generator | None,
    *,
    thorough: bool = False,
) -> Draws:
    """Refit ``count`` resamples.

    Every resample starts from the optimum of all runs; afterwards each is tried against the solutions of the others,
    and restarted wherever one of those is better. Below 40 rows, where a resample may have several basins, or when
    ``thorough``, every resample also gets a start grid of its own.
    """
    if not isinstance(count, (int, np.integer)) or count < 2:
        raise FitError(f"bootstrap must be 0 or a whole number of resamples, at least 2, not {count!r}")
    try:
        generator = np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise FitError(f"rng must be a whole number, at least 0, or a numpy.random.Generator, not {rng!r}") from None
    weights, redrawn = _draw(problem, solution.x, resampling, count, generator)
    own = own_grid(reduced.law, problem.model.rows, thorough=thorough)
    x, value, converged = refit(problem, solution.x, weights, own_grid=own)
    theta = reduced.expand(problem.model.coordinates.to_parameters(x))
    return Draws(theta, value, converged, resampling.kind, resampling.by, redrawn, _seed(rng))


def own_grid(law: Law, rows: int, *, thorough: bool) -> Law | None:
    """The law if each refit of so many rows should search a start grid of its own, None if a warm start will do."""
    return law if thorough or rows < _FEW_ROWS else None


def _seed(rng: int | np.random.Generator | None) -> int | None:
    return int(rng) if isinstance(rng, (int, np.integer)) else None


def refit(
    problem: Problem, optimum: np.ndarray, weights: np.ndarray, *, own_grid: Law | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Optimum (B, p), objective (B,) and convergence (B,) under every row of weights (B, rows).

    ``own_grid`` is the law whose start grid every row searches for itself; None trusts the warm start.
    """
    minima = descend(problem, np.repeat(optimum[None], len(weights), 0), weights)
    x, value, converged = minima.x, minima.value, minima.converged
    if own_grid is not None:
        for starts in own_starts(own_grid, problem, weights):
            _improve(problem, np.arange(len(x)), starts, weights, (x, value, converged))
    for _ in range(_ROUNDS):
        candidates = x[np.unique(np.linspace(0, len(x) - 1, min(_CANDIDATES, len(x))).astype(int))]
        with np.errstate(all="ignore"):
            terms = np.nan_to_num(problem.terms(candidates), nan=1e300, posinf=1e300)
        values = weights @ terms.T
        best = values.argmin(1)
        missed = np.flatnonzero((values[np.arange(len(x)), best] < value * (1 - SAME)) | ~converged)
        if not len(missed) or not _improve(problem, missed, candidates[best[missed]], weights, (x, value, converged)):
            break
    return x, value, converged


def _improve(
    problem: Problem,
    rows: np.ndarray,
    starts: np.ndarray,
    weights: np.ndarray,
    known: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> bool:
    """Minimise some resamples from other starts and keep what is better; whether anything was."""
    x, value, converged = known
    minima = descend(problem, starts, weights[rows])
    better = (minima.value < value[rows]) | (
        minima.converged & ~converged[rows] & (minima.value <= value[rows] * (1 + SAME))
    )
    chosen = rows[better]
    x[chosen], value[chosen], converged[chosen] = minima.x[better], minima.value[better], minima.converged[better]
    return bool(better.any())


def _draw(
    problem: Problem, optimum: np.ndarray, resampling: Resampling, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Weights (count, rows) of resamples that can determine the parameters, and how many had to be drawn anew."""
    base = problem.weights
    weights = resampling.weights(count, rng)
    redrawn = 0
    poor = np.arange(count)
    for _ in range(_REDRAWS):
        present = weights[poor] if base is None else weights[poor] * base
        poor = poor[~identified(problem, optimum, present, spare=1)]
        if not len(poor):
            return (weights if base is None else weights * base), redrawn
        redrawn += len(poor)
        weights[poor] = resampling.weights(len(poor), rng)
    raise FitError(
        f"{len(poor)} of {count} resamples hold too few different runs to determine the parameters; "
        "there are too few runs for this kind of bootstrap"
    )
