"""The part of the noise that the checkpoints of a run share, told from residuals that a fit has shrunk.

A fit is drawn towards every run, and far more towards what the rows of a run share than towards what sets them apart:
with 12 runs and 6 parameters, half of the shared part is gone from the residuals. What is said here is said of the
noise itself, by how much of it the fit leaves, to first order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_LEAST = 0.05
"""Of a direction at least so much is taken to be left by the fit: the residuals say nothing of one it meets."""


@dataclass(frozen=True)
class RunNoise:
    """Standard deviations of the noise that rows of a run share, ``between``, and of what each row has, ``within``."""

    between: float
    within: float

    @property
    def total(self) -> float:
        return float(np.hypot(self.between, self.within))

    @property
    def share(self) -> float:
        """Share of the variance that rows of a run have in common; 0 where there is no noise."""
        return (self.between / self.total) ** 2 if self.total > 0 else 0.0

    def of_size(self, sd: float) -> RunNoise:
        """The same shares of a noise of another size."""
        return RunNoise(sd * self.share**0.5, sd * (1 - self.share) ** 0.5)

    def draw(self, runs: np.ndarray, rng: np.random.Generator, count: int | None = None) -> np.ndarray:
        """Gaussian errors (rows,), or (count, rows), where ``runs`` (rows,) numbers the run of each row."""
        shape = (count,) if count is not None else ()
        shared = rng.standard_normal((*shape, int(runs.max()) + 1))[..., runs]
        errors: np.ndarray = self.between * shared + self.within * rng.standard_normal((*shape, len(runs)))
        return errors

    def describe(self) -> str:
        """The share in words."""
        return f"of whose variance the rows of a run share {100 * self.share:.0f} %"


def run_noise(residuals: np.ndarray, q: np.ndarray, runs: np.ndarray, weights: np.ndarray | None = None) -> RunNoise:
    """Noise between and within runs by the residuals r of a fit, both without the bias of the fit.

        E |r|^2 and E |mean by run of r|^2 are linear in between^2 and within^2, since r = (1 - Q Q') noise

    to first order, which gives two equations for two unknowns (Henderson's third method); one that comes out below 0
    is 0, and the other then has all the noise.

    Parameters
    ----------
    residuals : array of shape (rows,)
    q : array of shape (rows, p)
        An orthonormal basis of the slopes of the fit, times the root of the weights; see `basis`.
    runs : array of int, shape (rows,)
    weights : array of shape (rows,), optional
    """
    w = np.ones(len(residuals)) if weights is None else weights / weights[weights > 0].mean()
    root = np.sqrt(w)
    seen = np.bincount(runs, w)
    unit = root / np.sqrt(np.where(seen > 0, seen, 1.0))[runs]  # each run's rows as a vector of length 1
    r = root * residuals
    qz, qu = _by_run(q * root[:, None], runs), _by_run(q * unit[:, None], runs)
    quw = _by_run(q * (unit * w)[:, None], runs)
    qwq = (q * w[:, None]).T @ q
    cells = np.sqrt(seen)
    within = [
        float(w.sum() - np.trace(qwq)),
        float((unit**2 * w).sum() - 2 * (quw * qu).sum() + np.einsum("ig,ij,jg->", qu, qwq, qu)),
    ]
    between = [
        float(seen.sum() - (qz**2).sum()),
        float(seen.sum() - 2 * (cells * (qu * qz).sum(0)).sum() + np.trace((qu @ qu.T) @ (qz @ qz.T))),
    ]
    sums = float((r**2).sum()), float((np.bincount(runs, unit * r) ** 2).sum())
    determinant = within[0] * between[1] - within[1] * between[0]
    if determinant <= 1e-9 * abs(within[0] * between[1]):  # each run has one row
        return RunNoise(0.0, _root(sums[0], within[0]))
    shared = (within[0] * sums[1] - within[1] * sums[0]) / determinant
    own = (between[1] * sums[0] - between[0] * sums[1]) / determinant
    if shared <= 0:
        return RunNoise(0.0, _root(sums[0], within[0]))
    return RunNoise(_root(sums[0], between[0]), 0.0) if own <= 0 else RunNoise(shared**0.5, own**0.5)


def basis(slopes: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Orthonormal basis (rows, p) of slopes (rows, p), times the root of the weights."""
    slopes = slopes if weights is None else slopes * np.sqrt(weights)[:, None]
    sizes = np.sqrt((slopes**2).sum(0))
    return np.asarray(np.linalg.qr(slopes[:, sizes > 0] / sizes[sizes > 0])[0])


def restored(residuals: np.ndarray, q: np.ndarray, runs: np.ndarray, *, power: float = 0.5) -> np.ndarray:
    """Residuals of every run as they would be had the fit not been drawn to it: (1 - Q_g Q_g')^-power r_g.

    With 1/2 their covariance is that of independent noise of one size (Bell and McCaffrey 2002, Survey Methodology 28,
    169); 1 gives the errors of the fit without the run.
    """
    found = np.empty_like(residuals)
    for run in range(int(runs.max()) + 1):
        members = np.flatnonzero(runs == run)
        left, directions = np.linalg.eigh(np.eye(len(members)) - q[members] @ q[members].T)
        found[members] = directions @ (np.maximum(left, _LEAST) ** -power * (directions.T @ residuals[members]))
    return found


def members_along(runs: np.ndarray, table: Mapping[str, Any]) -> list[np.ndarray]:
    """Rows of every run, the first checkpoint first: by ``D`` or ``step``, without these as they stand."""
    along = next((np.asarray(table[name], dtype=float) for name in ("D", "step") if name in table), None)
    order = np.arange(len(runs)) if along is None else np.argsort(along, kind="stable")
    return [order[runs[order] == run] for run in range(int(runs.max()) + 1)]


def stretched(path: np.ndarray, length: int) -> np.ndarray:
    """Errors along a run, linearly interpolated at so many places; shape (length,)."""
    return np.interp(np.linspace(0.0, len(path) - 1.0, length), np.arange(len(path)), path)


def _by_run(columns: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Sums over the rows of each run, shape (columns, runs)."""
    return np.stack([np.bincount(runs, column) for column in columns.T]) if columns.shape[1] else np.zeros((0, 1))


def _root(total: float, expected: float) -> float:
    return max(total / expected, 0.0) ** 0.5 if expected > 0 else 0.0
