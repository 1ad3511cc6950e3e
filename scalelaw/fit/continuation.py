"""Small deltas and absolute deviations: Huber's function with a delta that shrinks, then its corner.

Where delta is far below the size of the residuals almost none is inside, the Hessian carries nothing, and a cold start
fails. So the first stage has a delta of a tenth of the median residual and each next one a quarter of the last, begun
where the tangent of the path leads. The objective is smooth between kinks: as soon as the residuals that are inside
are those that stay there, no further stage is needed. They are held inside while Newton's method goes to the last
delta at once, and where its stopping rule then holds without the holding, that is the minimum.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scalelaw.fit.newton import Minima, minimise, solve_each
from scalelaw.fit.objective import SQUARED, Problem

_STAGE, _FIRST, _SMALL = 4.0, 0.1, 0.03
_SETTLING, _VERIFYING = 4, 2
_LONGEST = 0.5
_SHARPER = 1e-3
"""For the corner itself delta is this much below that of the solver: beyond rounding."""


def descend(
    problem: Problem,
    starts: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    race: int | None = None,
) -> Minima:
    """Minimise from every start (B, p), reaching a small delta by continuation."""
    problem = problem if weights is None else replace(problem, weights=weights)
    with np.errstate(all="ignore"):
        delta = _first_delta(problem, starts)
        minima = minimise(problem, starts, delta=delta, race=race)
        return minima if delta <= problem.delta else _shrink(problem, minima, delta, race)


def _first_delta(problem: Problem, starts: np.ndarray) -> float:
    """The delta of the first stage, by the residuals of the first start: the best grid point, or a warm start."""
    residuals = np.abs(problem.residuals(starts[:1])[0])
    usual = float(np.median(residuals)) if np.isfinite(residuals).all() else 0.0
    return problem.delta if problem.delta >= _SMALL * usual else max(_FIRST * usual, problem.delta)


def _shrink(problem: Problem, minima: Minima, delta: float, race: int | None) -> Minima:
    """From minima at ``delta`` to those at the problem's own, in stages; each row leaves as soon as it can."""
    x, iterations = minima.x.copy(), minima.iterations.copy()
    value, converged = np.full(len(x), np.inf), np.zeros(len(x), bool)
    rows, height = np.arange(len(x)), minima.value / delta
    while len(rows):
        part = problem.part(rows)
        inside = np.abs(part.residuals(x[rows])) <= delta
        last = minimise(part, _settled(part, x[rows], inside, problem.delta), max_iterations=_VERIFYING)
        iterations[rows] += last.iterations
        here = part.moments(x[rows], part.weights, problem.delta, metric=False).value
        done = last.converged & (last.value <= here * (1 + 1e-9))
        found = rows[done]
        x[found], value[found], converged[found] = last.x[done], last.value[done], True
        open_ = ~done
        if race is not None and converged.any():  # a smaller delta only raises the objective over delta
            open_ &= height <= value.min() / problem.delta * (1 + 1e-9)
        rows, inside = rows[open_], inside[open_]
        if delta <= problem.delta or not len(rows):
            break
        part, smaller = problem.part(rows), max(delta / _STAGE, problem.delta)
        start = _settled(part, x[rows], inside, smaller, steps=1)
        delta = smaller
        stage = minimise(part, start, delta=delta, race=race)
        x[rows], height = stage.x, stage.value / delta
        iterations[rows] += stage.iterations
        if delta <= problem.delta:
            value[rows], converged[rows] = stage.value, stage.converged
            break
    left = np.flatnonzero(np.isinf(value))
    if len(left):
        part = problem.part(left)
        value[left] = part.values(x[left])
    return Minima(x, value, converged, iterations)


def _settled(
    problem: Problem, x: np.ndarray, inside: np.ndarray, delta: float, *, steps: int = _SETTLING
) -> np.ndarray:
    """Newton steps at ``delta`` for which the residuals ``inside`` (B, rows) are inside whatever their size."""
    deltas = np.where(inside, SQUARED, delta)
    start = x
    for _ in range(steps):
        moments = problem.moments(x, problem.weights, deltas, metric=False)
        matrix, downhill = moments.hessian.copy(), moments.gradient.copy()
        diagonal = np.einsum("bii->bi", matrix)
        diagonal[...] += 1e-15 * np.abs(diagonal).max(1, keepdims=True)
        held = (x <= problem.lower) & (downhill > 0) | (x >= problem.upper) & (downhill < 0)
        downhill[held] = 0.0
        matrix *= ~held[:, :, None]
        matrix *= ~held[:, None, :]
        diagonal[...] += held
        lost = ~np.isfinite(matrix).all((1, 2)) | ~np.isfinite(downhill).all(1)
        matrix[lost], downhill[lost] = np.eye(x.shape[1]), 0.0
        step = -solve_each(matrix, downhill)
        step[~(np.abs(step) <= _LONGEST * np.maximum(np.abs(x), 1.0)).all(1)] = 0.0
        x = np.clip(x + step, problem.lower, problem.upper)
    usable = np.isfinite(problem.values(x))
    return np.where(usable[:, None], x, start)


def corner(problem: Problem, x: np.ndarray) -> np.ndarray:
    """The corner beside a minimum (p,): the residuals within delta brought to 0, if the sum of sizes does not rise."""
    with np.errstate(all="ignore"):
        inside = np.abs(problem.residuals(x[None])) <= problem.delta
        if inside.sum() < problem.size:
            return x
        trial = _settled(problem, x[None], inside, problem.delta * _SHARPER, steps=2)
        sharp = problem.delta * _SHARPER
        before, after = problem.values(np.stack([x, trial[0]]), delta=sharp)
    return trial[0] if after <= before else x
