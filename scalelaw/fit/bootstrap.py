"""The bootstrap: many resamples of the same runs, refitted together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.identified import identified
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import Reduced
from scalelaw.fit.resampling import KINDS, Draws, Resampling, own_grid, refit
from scalelaw.fit.resampling.losses import DrawnNoise, new_targets
from scalelaw.fit.solve import Solution

__all__ = ["KINDS", "Draws", "Resampling", "bootstrap_draws", "own_grid", "refit", "refuse_idle"]

_REDRAWS = 50
SPARE = 2
"""Rows that a bootstrap needs beyond the parameters: with one, every resample that determines them holds all rows."""
_STILL = 1e-9
_EXACT = 1e6
"""Residuals, in units of rounding, up to which the runs lie on the law and resamples may all give the same."""


def bootstrap_draws(
    reduced: Reduced,
    problem: Problem,
    solution: Solution,
    resampling: Resampling,
    count: int,
    rng: int | np.random.Generator | None,
    *,
    thorough: bool = False,
    warm: bool = False,
    noise: DrawnNoise | None = None,
) -> Draws:
    """Refit ``count`` resamples; ``noise`` is that of a parametric bootstrap.

    Every resample starts from the optimum of all runs; afterwards each is tried against the solutions of the others,
    and restarted wherever one of those is better. Below 40 rows, where a resample may have several basins, or when
    ``thorough``, every resample also gets a start grid of its own, unless ``warm`` says not to.
    """
    if not isinstance(count, (int, np.integer)) or count < 2:
        raise FitError(f"bootstrap must be 0 or a whole number of resamples, at least 2, not {count!r}")
    try:
        generator = np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise FitError(f"rng must be a whole number, at least 0, or a numpy.random.Generator, not {rng!r}") from None
    if noise is None or not noise.measured:
        _check_rows(problem)
    weights = targets = None
    redrawn, words = 0, ""
    if resampling.weighted:
        weights, redrawn = _draw(problem, solution.x, resampling, count, generator)
    else:
        noise = noise if resampling.kind == "parametric" else None
        targets = new_targets(problem, solution.x, resampling, noise, count, generator)
        words = "" if noise is None else noise.words
    own = None if warm else own_grid(reduced.law, problem.model.rows, thorough=thorough)
    x, value, converged = refit(problem, solution.x, weights, targets=targets, own_grid=own)
    _check_width(reduced, problem, solution, x, resampling)
    theta = reduced.expand(problem.model.coordinates.to_parameters(x))
    return Draws(
        theta, value, converged, resampling.kind, resampling.by, redrawn, _seed(rng), words, resampling.clusters
    )


def refuse_idle(resample: str, by: str | None, table: Mapping[str, Any]) -> None:
    """Refuse options of the bootstrap where none is asked for.

    Raises
    ------
    FitError
        As `Resampling.plan` for what means nothing, else because it would say nothing.
    """
    given = ([f"resample={resample!r}"] if resample != "auto" else []) + ([] if by is None else [f"by={by!r}"])
    if given:
        Resampling.plan(resample, by, table)
        raise FitError(
            f"{' and '.join(given)} would do nothing, since no bootstrap is asked for: give a number of resamples, "
            "bootstrap=1000 (--bootstrap 1000 in the shell), or leave that out"
        )


def _check_rows(problem: Problem) -> None:
    """Refuse a table whose resamples would all be the same, or its residuals all 0."""
    rows = problem.model.rows if problem.weights is None else int((problem.weights > 0).sum())
    if rows < problem.size + SPARE:
        raise FitError(
            f"{rows} runs for {problem.size} parameters are too few for a bootstrap, whose intervals would have no "
            f"width; add runs, at least {problem.size + SPARE - rows}, or fix a parameter"
        )


def _check_width(reduced: Reduced, problem: Problem, solution: Solution, x: np.ndarray, resampling: Resampling) -> None:
    """Refuse draws in which a parameter that is at no bound is always the same, though the runs are not without noise.

    Raises
    ------
    FitError
    """
    if np.abs(problem.residuals(solution.x[None])).max() <= _EXACT * problem.rounding:
        return
    still = np.ptp(x, axis=0) <= _STILL * np.abs(x).max(0)
    still &= (x > problem.lower).any(0) & (x < problem.upper).any(0)
    if not still.any():
        return
    names = ", ".join(reduced.law.parameters[place] for place in np.flatnonzero(still))
    raise FitError(
        f"every resample gives the same {names}, so the interval would have no width: there are too few "
        f"{f'values of {resampling.by}' if resampling.by else 'runs'} to draw from; add some, or take a law with "
        "fewer parameters"
    )


def _seed(rng: int | np.random.Generator | None) -> int | None:
    return int(rng) if isinstance(rng, (int, np.integer)) else None


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
