"""Synthetic data sets on which fits are hard: few runs, flat designs, outliers, heavy tails, rounded losses.

Data set number i of a law comes from the seed (law, i) alone, so that any one of them can be drawn again.
Losses are the law at known parameters times exp(noise). Noise is Gaussian or Student t with two degrees of freedom,
with a standard deviation (scale) of 1e-4 to 3e-2; up to a fifth of the runs are outliers, mostly upwards, as runs
that diverged or stopped early are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Synthetic:
    """Columns as ``scalelaw.fit`` takes them (``loss`` among them), the true parameters and how it was drawn."""

    columns: dict[str, np.ndarray]
    truth: dict[str, float]
    design: str


def log_uniform(rng: np.random.Generator, low: float, high: float, size: int | None = None) -> np.ndarray:
    """Draw between ``low`` and ``high``, evenly in the logarithm."""
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def log_noise(
    rng: np.random.Generator, n: int, *, scales: tuple[float, ...], outliers: tuple[float, ...], size: float, down: bool
) -> np.ndarray:
    """Noise of log loss, shape (n,): three in five sets are Gaussian, the others t2; then the outliers are added."""
    scale = rng.choice(scales)
    gaussian = rng.random() < 0.6
    noise = scale * (rng.standard_normal(n) if gaussian else 0.6 * rng.standard_t(2, n))
    hit = rng.random(n) < rng.choice(outliers)
    direction = np.where(rng.random(n) < (1 / 3 if down else 0.0), -0.3, 1.0)
    return noise + hit * direction * rng.exponential(size, n)


def isoflop_design(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """N and D of 4 to 9 compute budgets with 6 to 15 sizes each, around D = 20 N."""
    budgets = np.geomspace(10 ** rng.uniform(17.5, 19), 10 ** rng.uniform(20, 22), rng.integers(4, 10))
    sizes = rng.integers(6, 16, len(budgets))
    C = np.repeat(budgets, sizes)
    N = np.sqrt(C / 120) * np.exp(rng.uniform(-1.5, 1.5, len(C)))
    return N, C / (6 * N)


def scattered_design(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """N and D of ``n`` runs: half of the sets draw tokens per parameter, the others D by itself."""
    N = log_uniform(rng, 3e7, 2e10, n)
    D = N * log_uniform(rng, 2, 300, n) if rng.random() < 0.5 else log_uniform(rng, 5e8, 3e11, n)
    return N, D


def chinchilla(index: int) -> Synthetic:
    """Data set ``index`` of E + A/N^alpha + B/D^beta, 12 to 300 runs."""
    rng = np.random.default_rng([2203, 15556, index])
    design = str(rng.choice(["isoflop", "scattered", "small"]))
    if design == "isoflop":
        N, D = isoflop_design(rng)
    else:
        N, D = scattered_design(rng, int(rng.integers(40, 301) if design == "scattered" else rng.integers(12, 30)))
    N, D = np.rint(N), np.rint(D)
    E = rng.uniform(0.3, 2.5) if rng.random() < 0.9 else 0.02
    alpha, beta = rng.uniform(0.15, 0.7, 2)
    # The two power terms are worth 0.1 to 1 nat at the middle of the design, so that both can be seen.
    A = rng.uniform(0.1, 1) * np.exp(alpha * np.log(N).mean())
    B = rng.uniform(0.1, 1) * np.exp(beta * np.log(D).mean())
    noise = log_noise(
        rng, len(N), scales=(1e-4, 1e-3, 3e-3, 1e-2, 3e-2), outliers=(0, 0.03, 0.1, 0.2), size=0.15, down=True
    )
    loss = (E + A / N**alpha + B / D**beta) * np.exp(noise)
    truth = {"E": E, "A": A, "B": B, "alpha": alpha, "beta": beta}
    return Synthetic({"N": N, "D": D, "loss": loss}, {k: float(v) for k, v in truth.items()}, design)


def parscale(index: int) -> Synthetic:
    """Data set ``index`` of E + (A/(N(k ln P + 1)))^alpha, 12 to 40 runs, half of them rounded to four digits."""
    rng = np.random.default_rng([2505, 10475, index])
    sizes = np.sort(log_uniform(rng, 2e8, 8e9, int(rng.integers(4, 9))))
    streams = np.array([1, 2, 4, 8, 16])[: rng.integers(3, 6)]
    N, P = (grid.ravel() for grid in np.meshgrid(np.rint(sizes), streams))
    E, alpha, k = rng.uniform(0.2, 2), rng.uniform(0.08, 0.5), rng.uniform(0.05, 1)
    A = np.exp(np.log(rng.uniform(0.2, 1)) / alpha + np.log(N).mean())
    noise = log_noise(
        rng, len(N), scales=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2), outliers=(0, 0.05, 0.15), size=0.05, down=False
    )
    loss = (E + (A / (N * (k * np.log(P) + 1))) ** alpha) * np.exp(noise)
    rounded = rng.random() < 0.5
    truth = {"E": E, "A": A, "alpha": alpha, "k": k}
    columns = {"N": N, "P": P, "loss": np.round(loss, 4) if rounded else loss}
    return Synthetic(columns, {k: float(v) for k, v in truth.items()}, "rounded" if rounded else "exact")


GENERATORS: dict[str, Callable[[int], Synthetic]] = {"parscale": parscale, "chinchilla": chinchilla}


def data_sets(law: str, count: int = 1000) -> Iterator[Synthetic]:
    """The first ``count`` data sets of a law."""
    return (GENERATORS[law](index) for index in range(count))
