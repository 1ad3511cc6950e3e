"""A law that is linear in its parameters, and runs of it: least squares then has closed forms for everything."""

import numpy as np

import scalelaw as sl
from scalelaw.laws import Law


def straight(N, *, E, A):
    "E + A / sqrt(N)"
    return E + A / np.sqrt(N)


LAW = Law("straight", straight)


def runs(rows: int = 30, *, noise: float = 0.02, seed: int = 0) -> dict[str, np.ndarray]:
    N = np.rint(np.geomspace(100, 1e4, rows))
    return {"N": N, "loss": straight(N, E=2.0, A=30.0) + noise * np.random.default_rng(seed).standard_normal(rows)}


def fitted(**options) -> sl.Fit:
    return sl.fit(LAW, runs(), loss="squared", space="raw", **options)


def least_squares(table: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, int]:
    """Estimate, covariance s^2 (X'X)^-1 and degrees of freedom."""
    X = np.column_stack([np.ones(len(table["N"])), 1 / np.sqrt(table["N"])])
    best, *_ = np.linalg.lstsq(X, table["loss"], rcond=None)
    dof = len(X) - 2
    variance = ((table["loss"] - X @ best) ** 2).sum() / dof
    return best, variance * np.linalg.inv(X.T @ X), dof
