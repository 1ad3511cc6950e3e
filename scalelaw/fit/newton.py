"""A damped Newton method for many starts, or many resamples, at once.

Each step solves (H + lam (M + diag(M) / 10)) s = -g with the exact Hessian H and the metric M of `objective`:
with much damping this is a reweighted least-squares step, with none it is Newton's. The damping follows the ratio
of actual to predicted decrease; bounds are held by projection with an active set. A problem has converged when the
decrease along the step, with little damping, is below 1e-13 of the objective. Nothing depends on the scales of the
coordinates but the longest step, which is relative.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import numpy as np

from scalelaw.fit.objective import Moments, Problem

TOLERANCE = 1e-13
MAX_ITERATIONS = 500
"""A usual start takes 10 to 30; a law that fits badly goes from kink to kink of Huber's function along its valley."""
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-12, 1e10
_LONGEST_STEP = 5.0
_RATIOS, _FACTORS = np.array([0.1, 0.25, 0.75]), np.array([4.0, 1.0, 0.3, 0.1])
"""Actual over predicted decrease, and what the damping is multiplied by in each range."""
_WITNESSES = 3
"""Starts that should agree before the others are stopped; they are waited for three times as long."""
_CHUNK = 32768
"""Points a block: derivatives of one block of the batch stay in the cache."""


def _keep_memory() -> None:
    """Let glibc keep freed memory of up to 31 MiB instead of returning it to the system after every operation.

    Freeing one block of that size raises malloc's dynamic thresholds; NumPy's temporaries of a large batch then stop
    page-faulting, which makes a bootstrap 2 to 3 times faster. Elsewhere it does nothing.
    """
    block = np.empty(31 * 2**20, np.uint8)
    del block


_keep_memory()


@dataclass(frozen=True)
class Minima:
    """Where a batch of starts ended: x (B, p), value (B,), converged (B,), iterations (B,)."""

    x: np.ndarray
    value: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray

    def join(self, other: Minima) -> Minima:
        """These and others."""
        both = zip(astuple(self), astuple(other), strict=True)
        return Minima(*[np.concatenate(parts) for parts in both])

    def sorted(self) -> Minima:
        """Best first; of minima that differ by rounding, one that has converged."""
        best = self.value.min(initial=np.inf)
        rounded = np.where(self.value <= best + np.abs(best) * 1e-10, best, self.value)
        order = np.lexsort((~self.converged, rounded))
        return Minima(self.x[order], self.value[order], self.converged[order], self.iterations[order])


@dataclass
class _State:
    """What is still being minimised; rows leave as they finish."""

    rows: np.ndarray
    x: np.ndarray
    moments: Moments
    problem: Problem
    damping: np.ndarray
    rejected: np.ndarray

    def keep(self, kept: np.ndarray) -> None:
        self.rows, self.x = self.rows[kept], self.x[kept]
        self.moments = self.moments.select(kept)
        self.damping, self.rejected = self.damping[kept], self.rejected[kept]
        self.problem = self.problem.part(kept)


def minimise(
    problem: Problem,
    start: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    delta: float | None = None,
    race: int | None = None,
    max_iterations: int = MAX_ITERATIONS,
) -> Minima:
    """Minimise from every start (B, p).

    ``weights`` (B, rows) or (rows,) replace the problem's own; ``race`` stops the other starts that many iterations
    after the best one has converged (for starts of one and the same problem).
    """
    problem = problem if weights is None else replace(problem, weights=weights)
    delta = problem.delta if delta is None else delta
    with np.errstate(all="ignore"):
        return _minimise(problem, np.clip(start, problem.lower, problem.upper), delta, race, max_iterations)


def _minimise(problem: Problem, x: np.ndarray, delta: float, race: int | None, max_iterations: int) -> Minima:
    batch = len(x)
    result = Minima(x.copy(), np.full(batch, np.inf), np.zeros(batch, bool), np.zeros(batch, int))
    bounded = bool(np.isfinite(problem.lower).any() or np.isfinite(problem.upper).any())
    moments = _evaluate(problem, x, delta, metric=True)
    lost = ~_usable(moments)
    if lost.any():
        moments = _neutral(moments, lost)
    state = _State(np.arange(batch), x, moments, problem, np.full(batch, _FIRST_DAMPING), np.zeros(batch))
    mass = problem.model.rows if problem.weights is None else problem.weights.sum(-1).max()
    rounding = problem.rounding
    winner, agreed, deadline = np.inf, 0, max_iterations
    for iteration in range(max_iterations + 1):
        trial, slope, predicted = _step(problem, state, bounded)
        value = state.moments.value
        # rounding of the residuals blurs the objective by its size times sum |psi|, which no decrease can be told from
        blur = rounding * np.minimum(np.sqrt(2 * mass * value) + mass * rounding, mass * delta)
        # at the minimum a slope that rounding alone has left may have either sign
        converged = (slope <= blur) & (slope >= -TOLERANCE * value - blur) & (state.damping <= _FIRST_DAMPING)
        converged |= value <= mass * rounding**2  # the runs lie on the law
        done = converged | (state.damping > _MOST_DAMPING) | ~np.isfinite(value)
        if race is not None and converged.any():
            if np.isposinf(winner):
                deadline = iteration + race
            winner = min(winner, value[converged].min())
            agreed += int((value[converged] <= winner * (1 + 1e-9)).sum())
        if race is not None and iteration >= deadline and (agreed >= _WITNESSES or iteration >= deadline + 2 * race):
            done |= value > winner * (1 + 1e-9)
        if iteration == max_iterations:
            done[:] = True
        if done.any():
            finished, left = state.rows[done], np.flatnonzero(~done)
            result.x[finished], result.value[finished] = state.x[done], value[done]
            result.converged[finished], result.iterations[finished] = converged[done], iteration
            if not len(left):
                break
            state.keep(left)
            trial, slope, predicted = trial[left], slope[left], predicted[left]
        metric = iteration < 3 or state.damping.max() > 1e-6
        _accept(state, trial, _evaluate(state.problem, trial, delta, metric=metric), slope, predicted)
    return result


def _step(problem: Problem, state: _State, bounded: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trial points, slope g's along the step, and the decrease that the quadratic model predicts."""
    _, gradient, metric, hessian = state.moments
    assert metric is not None
    diagonal = np.einsum("bii->bi", metric)
    damping = state.damping[:, None]
    matrix = metric * damping[:, :, None]
    matrix += hessian
    np.einsum("bii->bi", matrix)[...] += (0.1 * damping + 1e-14) * diagonal + 1e-300
    downhill = gradient
    if bounded:
        held = ((state.x <= problem.lower) & (gradient > 0)) | ((state.x >= problem.upper) & (gradient < 0))
        if held.any():
            downhill = np.where(held, 0.0, gradient)
            matrix *= ~held[:, :, None]
            matrix *= ~held[:, None, :]
            np.einsum("bii->bi", matrix)[...] += held
    step = solve_each(matrix, downhill)
    longest = _LONGEST_STEP * np.maximum(np.abs(state.x), 1.0)
    step *= -1.0 / np.maximum((np.abs(step) / longest).max(1, keepdims=True), 1.0)
    trial = state.x + step
    if bounded:
        np.clip(trial, problem.lower, problem.upper, out=trial)
        step = trial - state.x
    slope = np.vecdot(gradient, step)
    predicted = -slope - 0.5 * np.vecdot(step, np.matmul(hessian, step[:, :, None])[:, :, 0])
    return trial, slope, predicted


def solve_each(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions (B, p) of a stack of systems; a singular one gets the solution of one close by."""
    try:
        return np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:  # one exactly singular matrix spoils the batch: lift every diagonal a little
        diagonal = np.einsum("bii->bi", matrix)
        diagonal[...] += 1e-10 * np.abs(diagonal).max(1, keepdims=True) + 1e-300
        return np.linalg.solve(matrix, right[:, :, None])[:, :, 0]


def _accept(state: _State, trial: np.ndarray, new: Moments, slope: np.ndarray, predicted: np.ndarray) -> None:
    """Move where the objective fell enough, and set the damping of the next step."""
    old = state.moments
    decrease = np.where(_usable(new), old.value - new.value, -np.inf)
    good = (slope < 0) & (decrease >= 1e-4 * np.minimum(np.abs(predicted), -slope))
    ratio = decrease / np.where(predicted > 0, predicted, np.inf)
    less = np.maximum(state.damping * _FACTORS[np.searchsorted(_RATIOS, ratio)], _LEAST_DAMPING)
    if good.all():
        state.x, state.damping = trial, less
        state.rejected[:] = 0
        state.moments = new if new.metric is not None else new._replace(metric=old.metric)
        return
    stay = np.flatnonzero(~good)
    trial[stay] = state.x[stay]
    for target, source in zip(new, old, strict=True):
        if target is not None and source is not None:
            target[stay] = source[stay]
    state.x, state.moments = trial, new if new.metric is not None else new._replace(metric=old.metric)
    more = np.maximum(state.damping * 4 * 2.0 ** np.minimum(state.rejected, 4), 1e-5)
    state.damping = np.where(good, less, more)
    state.rejected = np.where(good, 0, state.rejected + 1)


def _usable(moments: Moments) -> np.ndarray:
    """Rows whose value and derivatives are all finite (a sum is finite only if every part is)."""
    finite: np.ndarray = np.isfinite(moments.value + moments.gradient.sum(1) + moments.hessian.sum((1, 2)))
    return finite


def _neutral(moments: Moments, lost: np.ndarray) -> Moments:
    """The same with rows that have no value set to where they cannot disturb the batch; they count as not converged."""
    value, gradient, metric, hessian = (np.array(part) for part in moments)
    value[lost], gradient[lost] = np.inf, 0.0
    metric[lost] = hessian[lost] = np.eye(gradient.shape[1])
    return Moments(value, gradient, metric, hessian)


def _evaluate(problem: Problem, x: np.ndarray, delta: float, *, metric: bool) -> Moments:
    """Moments in blocks that fit the cache."""
    block = max(16, _CHUNK // problem.model.rows)
    if len(x) <= 1.5 * block:
        return problem.moments(x, problem.weights, delta, metric=metric)
    each = -(-len(x) // -(-len(x) // block))
    parts = []
    for begin in range(0, len(x), each):
        some = slice(begin, begin + each)
        part = problem.part(some)
        parts.append(part.moments(x[some], part.weights, delta, metric=metric))
    return Moments.join(parts)
