"""Which subsets of the rows can determine the parameters."""

from __future__ import annotations

import numpy as np

from scalelaw.fit.model import slopes_at
from scalelaw.fit.objective import Problem

_SMALLEST = 1e-6


def identified(problem: Problem, x: np.ndarray, weights: np.ndarray, *, spare: int = 0) -> np.ndarray:
    """Whether the rows of positive weight determine the parameters, to first order at x.

    The slopes of the law at the rows must keep their rank: the smallest eigenvalue of their products, each coordinate
    scaled by its size over all rows, may not fall below 1e-6 of what all rows of the problem give.

    Parameters
    ----------
    problem : Problem
    x : array of shape (p,)
        The optimum of all rows, in the solver's coordinates.
    weights : array of shape (B, rows)
    spare : int
        Rows that must be present beyond the number of parameters.

    Returns
    -------
    array of bool, shape (B,)
    """
    slopes = slopes_at(problem.model, x)
    sizes = np.sqrt((slopes**2).sum(0))
    slopes = slopes[:, sizes > 0] / sizes[sizes > 0]
    products = (slopes[:, :, None] * slopes[:, None, :]).reshape(len(slopes), -1)
    size = slopes.shape[1]
    used = slice(None) if problem.weights is None else problem.weights > 0
    least = np.linalg.eigvalsh(products[used].sum(0).reshape(size, size))[0]
    present = weights > 0
    lowest = np.linalg.eigvalsh((present @ products).reshape(-1, size, size))[:, 0]
    kept: np.ndarray = (present.sum(1) >= size + spare) & ~(lowest < _SMALLEST * least)
    return kept
