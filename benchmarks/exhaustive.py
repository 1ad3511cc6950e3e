"""An exhaustive search that shares nothing with the engine: what "best known" means in these benchmarks.

Both laws are a floor plus power terms, linear in their coefficients. The search lays a dense wide grid over the two
other parameters, finds the non-negative coefficients of every grid point by reweighted least squares, and polishes the
grid's local minima and its best points with SciPy's ``least_squares(loss="huber")``: exact Jacobian, tolerances at
rounding error. Where a polished fit presses against E = 0 it is polished again without a floor, since an interior
method only creeps towards a bound. All parameters are non-negative, as in the laws' definitions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import minimum_filter
from scipy.optimize import least_squares

from benchmarks.baselines import DELTA

# Exponents of one term: values s (points, n) and derivatives with respect to the two shape parameters (points, 2, n).
Exponent = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class PowerLaw:
    """loss = E + sum over terms of exp(a - s(shape)), columns divided by their geometric means."""

    exponents: tuple[Exponent, ...]
    axes: tuple[np.ndarray, np.ndarray]
    log_loss: np.ndarray

    def terms(self, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """s, shape (points, terms, n), and its derivatives, shape (points, terms, 2, n)."""
        values, slopes = zip(*(exponent(shape) for exponent in self.exponents), strict=True)
        return np.stack(values, axis=1), np.stack(slopes, axis=1)


def power_of(column: np.ndarray, which: int) -> Exponent:
    """s = shape[which] * log(column / geometric mean)."""
    log_column = np.log(column) - np.log(column).mean()

    def exponent(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slopes = np.zeros((len(shape), 2, len(column)))
        slopes[:, which] = log_column
        return shape[:, which, None] * log_column, slopes

    return exponent


def power_of_streams(N: np.ndarray, P: np.ndarray) -> Exponent:
    """s = alpha * log(N (k ln P + 1) / geometric mean of N), shape = (alpha, k)."""
    log_N, log_P = np.log(N) - np.log(N).mean(), np.log(P)

    def exponent(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        alpha, k = shape[:, :1], shape[:, 1:]
        log_effective = log_N + np.log1p(k * log_P)
        return alpha * log_effective, np.stack([log_effective, alpha * log_P / (1 + k * log_P)], axis=1)

    return exponent


def power_law(law: str, columns: Mapping[str, np.ndarray], *, points: int = 36) -> PowerLaw:
    """The named law on these columns, with a ``points`` by ``points`` grid far wider than any sensible exponent."""
    N, log_loss = columns["N"], np.log(columns["loss"])
    exponents = np.geomspace(5e-3, 5, points)
    if law == "chinchilla":
        return PowerLaw((power_of(N, 0), power_of(columns["D"], 1)), (exponents, exponents), log_loss)
    if law == "parscale":
        return PowerLaw((power_of_streams(N, columns["P"]),), (exponents, np.geomspace(2e-3, 200, points)), log_loss)
    raise ValueError(f"no exhaustive search is written for the law {law!r}; there is one for chinchilla and parscale")


def huber_objective(residual: np.ndarray) -> np.ndarray:
    """Sum of Huber(1e-3) over the last axis."""
    size = np.abs(residual)
    return np.where(size <= DELTA, size**2 / 2, DELTA * (size - DELTA / 2)).sum(axis=-1)


def non_negative_least_squares(basis: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Coefficients >= 0 with basis' c closest to 1, for every grid point: the best of all supports that stay positive.

    ``basis`` is (points, q, n), ``weights`` (points, n), the result (points, q).
    """
    points, q, _ = basis.shape
    gram = np.einsum("min,mjn,mn->mij", basis, basis, weights, optimize=True)
    moment = np.einsum("min,mn->mi", basis, weights)
    best, lowest = np.zeros((points, q)), np.full(points, np.inf)
    for support in itertools.chain.from_iterable(itertools.combinations(range(q), size) for size in range(1, q + 1)):
        kept = list(support)
        block = gram[:, kept][:, :, kept]
        block = block + 1e-13 * np.trace(block, axis1=1, axis2=2)[:, None, None] * np.eye(len(kept))
        solution = np.linalg.solve(block, moment[:, kept, None])[:, :, 0]
        value = -(moment[:, kept] * solution).sum(axis=1)
        better = (solution >= 0).all(axis=1) & (value < lowest)
        lowest[better] = value[better]
        best[better] = 0.0
        best[np.ix_(better, kept)] = solution[better]
    return best


def grid_starts(law: PowerLaw, *, reweightings: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Best coefficients at every grid point, theta = (E, a of each term, shape), and the objectives there."""
    shape = np.stack(np.meshgrid(*law.axes, indexing="ij"), axis=-1).reshape(-1, 2)
    parts = np.exp(np.clip(-law.terms(shape)[0], -300, 300))
    basis = np.concatenate([np.ones_like(parts[:, :1]), parts], axis=1) * np.exp(-law.log_loss)
    weights = np.ones((len(shape), len(law.log_loss)))
    for _ in range(reweightings):
        coefficients = non_negative_least_squares(basis, weights)
        residual = np.log(np.maximum(np.einsum("mqn,mq->mn", basis, coefficients), 1e-300))
        weights = 1 / np.maximum(np.abs(residual), DELTA)
    amplitudes = np.log(np.maximum(coefficients[:, 1:], 1e-8))
    return np.column_stack([coefficients[:, 0], amplitudes, shape]), huber_objective(residual)


def promising(objective: np.ndarray, side: int, *, most: int) -> np.ndarray:
    """Indices of the grid's local minima, best first, filled up with the best of the other points."""
    surface = np.where(np.isfinite(objective), objective, np.inf).reshape(side, side)
    is_minimum = (surface <= minimum_filter(surface, size=3, mode="nearest")).ravel()
    order = np.argsort(surface.ravel(), kind="stable")
    return np.concatenate([order[is_minimum[order]], order[~is_minimum[order]]])[:most]


def polish(law: PowerLaw, theta: np.ndarray, *, floor: bool = True) -> tuple[np.ndarray, float]:
    """Descend from ``theta`` to a local optimum and its objective; without a floor E stays 0."""
    terms = len(law.exponents)
    first = 0 if floor else 1

    def residual_and_jacobian(free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        E = free[0] if floor else 0.0
        a, shape = free[1 - first : 1 - first + terms], free[None, -2:]
        s, slopes = law.terms(shape)
        parts = np.exp(np.clip(a[:, None] - s[0], -300, 300))
        predicted = np.maximum(E + parts.sum(axis=0), 1e-300)
        by_shape = -np.einsum("tn,tin->in", parts, slopes[0])
        jacobian = np.concatenate([np.ones((1, len(predicted))), parts, by_shape])[first:] / predicted
        return np.log(predicted) - law.log_loss, jacobian.T

    lower = np.concatenate([[0.0], np.full(terms, -np.inf), [0.0, 0.0]])[first:]
    end = least_squares(
        lambda free: residual_and_jacobian(free)[0],
        np.maximum(theta[first:], lower + 1e-9),
        jac=lambda free: residual_and_jacobian(free)[1],
        bounds=(lower, np.inf),
        loss="huber",
        f_scale=DELTA,
        x_scale="jac",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=2000,
    )
    return np.concatenate([np.zeros(first), end.x]), float(huber_objective(residual_and_jacobian(end.x)[0]))


def best_known(law: str, columns: Mapping[str, np.ndarray], *, polishes: int = 24) -> float:
    """The lowest objective the search finds on these columns (``loss`` among them)."""
    problem = power_law(law, columns)
    starts, objective = grid_starts(problem)
    chosen = promising(objective, len(problem.axes[0]), most=polishes)
    ends = sorted((polish(problem, starts[index]) for index in chosen), key=lambda end: end[1])
    near_zero = [theta for theta, _ in ends[:4] if theta[0] < 1e-3]
    return min([value for _, value in ends] + [polish(problem, theta, floor=False)[1] for theta in near_zero])
