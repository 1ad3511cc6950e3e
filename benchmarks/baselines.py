"""The procedures this package is measured against, written from their published descriptions.

They are plain vectorised NumPy and SciPy, as a careful researcher writes them: nothing is slowed down and nothing is
tuned beyond its description. Every one minimises the field's objective, the sum over runs of Huber(delta = 1e-3) of
log predicted minus log observed loss, with the Huber loss as public fitting scripts write it (``np.where``).
``scipy.special.huber`` and logarithms of the losses taken once would make them 15 to 20 % faster, no more: most of
the time is SciPy's own, in the numeric gradients.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

DELTA = 1e-3

# Hoffmann et al. (2022), appendix D.3, as used again by Besiroglu et al. (2024): 5 * 5 * 5 * 6 * 6 = 4,500 starts.
PAPER_GRID = tuple(
    itertools.product(
        np.arange(0.0, 30.0, 5.0),  # a = log A
        np.arange(0.0, 30.0, 5.0),  # b = log B
        np.arange(-1.0, 1.5, 0.5),  # e = log E
        np.arange(0.0, 2.5, 0.5),  # alpha
        np.arange(0.0, 2.5, 0.5),  # beta
    )
)

# Chen et al. (2025), parametric_fit.py: 3 * 5 * 5 * 4 = 300 starts.
PARSCALE_GRID = tuple(
    itertools.product(
        np.exp([-1.0, -0.5, 0.0]),  # E
        np.exp([-4.0, -2.0, 0.0, 2.0, 4.0]),  # A, in billions of parameters
        [0.0, 0.5, 1.0, 1.5, 2.0],  # alpha
        [0.2, 0.4, 0.6, 0.8],  # k
    )
)


@dataclass(frozen=True)
class Baseline:
    """The best end point of a baseline: natural parameters, objective, and how many starts and evaluations it took."""

    params: dict[str, float]
    objective: float
    starts: int
    evaluations: int


def huber(residual: np.ndarray) -> np.ndarray:
    """Huber loss with delta = 1e-3, element by element."""
    size = np.abs(residual)
    return np.where(size <= DELTA, 0.5 * residual**2, DELTA * (size - 0.5 * DELTA))


def huber_sum(predicted: np.ndarray, loss: np.ndarray) -> float:
    """Sum over runs of Huber(1e-3) of log predicted - log observed; the measure every procedure is judged by."""
    return float(np.sum(huber(np.log(loss) - np.log(predicted))))


def parscale_loss(N: np.ndarray, P: np.ndarray, *, E: float, A: float, alpha: float, k: float) -> np.ndarray:
    """E + (A 1e9 / (N (k ln P + 1)))^alpha, A in billions of parameters: the form the published procedure fits."""
    return E + (A * 1e9 / (N * (k * np.log(P) + 1))) ** alpha


def chinchilla_loss(
    N: np.ndarray, D: np.ndarray, *, E: float, A: float, B: float, alpha: float, beta: float
) -> np.ndarray:
    """E + A / N^alpha + B / D^beta."""
    return E + A / N**alpha + B / D**beta


def published_parscale(N: np.ndarray, P: np.ndarray, loss: np.ndarray) -> Baseline:
    """The ParScale paper's fit: 300 starts of L-BFGS-B, numeric gradients, every parameter at least 1e-8, best kept."""

    def objective(theta: np.ndarray) -> float:
        E, A, alpha, k = theta
        return huber_sum(parscale_loss(N, P, E=E, A=A, alpha=alpha, k=k), loss)

    with np.errstate(over="ignore", invalid="ignore"):  # some of the starts overflow on their way
        ends = [minimize(objective, start, method="L-BFGS-B", bounds=[(1e-8, None)] * 4) for start in PARSCALE_GRID]
    best = min(ends, key=lambda end: end.fun)
    E, A, alpha, k = map(float, best.x)
    params = {"E": E, "A": A, "alpha": alpha, "k": k}
    return Baseline(params, huber_sum(parscale_loss(N, P, **params), loss), len(ends), sum(end.nfev for end in ends))


def log_chinchilla(theta: np.ndarray, log_N: np.ndarray, log_D: np.ndarray) -> np.ndarray:
    """log(exp(a - alpha log N) + exp(b - beta log D) + exp(e)), theta = (a, b, e, alpha, beta) as in Hoffmann et al."""
    a, b, e, alpha, beta = theta
    return np.log(np.exp(a - alpha * log_N) + np.exp(b - beta * log_D) + np.exp(e))


def natural(theta: np.ndarray) -> dict[str, float]:
    """Hoffmann's a, b, e, alpha, beta as E, A, B, alpha, beta."""
    a, b, e, alpha, beta = map(float, theta)
    return {"E": float(np.exp(e)), "A": float(np.exp(a)), "B": float(np.exp(b)), "alpha": alpha, "beta": beta}


def paper_grid_chinchilla(
    N: np.ndarray, D: np.ndarray, loss: np.ndarray, *, starts: Iterable[int] | None = None
) -> Baseline:
    """Hoffmann's grid of 4,500 starts with L-BFGS-B and numeric gradients; ``starts`` are the ones to run, or all.

    Multiply the mean time of random samples by ``len(PAPER_GRID)`` over their size for that of the whole.
    """

    def objective(theta: np.ndarray) -> float:
        return np.sum(huber(np.log(loss) - log_chinchilla(theta, np.log(N), np.log(D))))

    chosen = range(len(PAPER_GRID)) if starts is None else starts
    with np.errstate(over="ignore", invalid="ignore"):
        ends = [minimize(objective, PAPER_GRID[i], method="L-BFGS-B") for i in chosen]
    best = min(ends, key=lambda end: end.fun if np.isfinite(end.fun) else np.inf)
    params = natural(best.x)
    return Baseline(params, huber_sum(chinchilla_loss(N, D, **params), loss), len(ends), sum(end.nfev for end in ends))


def log_chinchilla_jacobian(theta: np.ndarray, log_N: np.ndarray, log_D: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value and derivatives, shapes (n,) and (5, n), of :func:`log_chinchilla`."""
    a, b, e, alpha, beta = theta
    terms = np.array([np.exp(a - alpha * log_N), np.exp(b - beta * log_D), np.full_like(log_N, np.exp(e))])
    total = terms.sum(axis=0)
    shares = terms / total
    return np.log(total), np.concatenate([shares, [-log_N * shares[0], -log_D * shares[1]]])


def notebook_bootstrap(
    N: np.ndarray, D: np.ndarray, loss: np.ndarray, start: dict[str, float], rows: np.ndarray
) -> np.ndarray:
    """The bootstrap of Besiroglu et al.'s notebook: BFGS with exact gradients, one start a resample.

    The notebook gets its gradients from autograd, which is slower than the ones written out here. Tolerances are
    SciPy's
    defaults, as there.

    Parameters
    ----------
    start : dict
        E, A, B, alpha, beta where every resample starts: the optimum of the whole data.
    rows : ndarray, shape (resamples, n)
        Which runs each resample holds.

    Returns
    -------
    ndarray, shape (resamples, 5)
        E, A, B, alpha, beta of each resample.
    """
    theta0 = np.array([np.log(start["A"]), np.log(start["B"]), np.log(start["E"]), start["alpha"], start["beta"]])

    def refit(index: np.ndarray) -> dict[str, float]:
        log_N, log_D, log_loss = np.log(N[index]), np.log(D[index]), np.log(loss[index])

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            value, jacobian = log_chinchilla_jacobian(theta, log_N, log_D)
            residual = value - log_loss
            return np.sum(huber(residual)), jacobian @ np.clip(residual, -DELTA, DELTA)

        return natural(minimize(objective, theta0, jac=True, method="BFGS", options={"maxiter": 10_000}).x)

    return np.array([list(refit(index).values()) for index in rows])
