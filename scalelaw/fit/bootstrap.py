"""The bootstrap: many resamples of the same runs, refitted together."""

from __future__ import annotations

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.identified import identified
from scalelaw.fit.noise import Noise
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import Reduced
from scalelaw.fit.resampling import KINDS, Draws, Resampling, own_grid, refit
from scalelaw.fit.resampling.losses import new_targets
from scalelaw.fit.solve import Solution

__all__ = ["KINDS", "Draws", "Resampling", "bootstrap_draws", "own_grid", "refit"]

_REDRAWS = 50


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
    noise: Noise | None = None,
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
    weights = targets = None
    redrawn, words = 0, ""
    if resampling.weighted:
        weights, redrawn = _draw(problem, solution.x, resampling, count, generator)
    else:
        noise = noise if resampling.kind == "parametric" else None
        targets = new_targets(problem, solution.x, resampling, noise, count, generator)
        words = "" if noise is None else noise.describe()
    own = None if warm else own_grid(reduced.law, problem.model.rows, thorough=thorough)
    x, value, converged = refit(problem, solution.x, weights, targets=targets, own_grid=own)
    theta = reduced.expand(problem.model.coordinates.to_parameters(x))
    return Draws(theta, value, converged, resampling.kind, resampling.by, redrawn, _seed(rng), words)


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
