"""Central differences, where there is no derivative to call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def central(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Derivatives (f(x + h) - f(x - h)) / 2h of a function in each of its coordinates.

    Parameters
    ----------
    function : callable
        Points (m, p) to values (m, ...).
    x, steps : arrays of shape (B, p)
        The points, and h for each coordinate of each.

    Returns
    -------
    array of shape (B, p, ...)

    Examples
    --------
    >>> x = np.array([[2.0, 3.0]])
    >>> central(lambda points: points[:, 0] ** 2 * points[:, 1], x, np.full_like(x, 1e-4)).round(6)
    array([[12.,  4.]])
    """
    shifts = steps[:, None, :] * np.eye(x.shape[1])
    both = np.concatenate([x[:, None] + shifts, x[:, None] - shifts]).reshape(-1, x.shape[1])
    with np.errstate(all="ignore"):
        values = np.asarray(function(both))
        up, down = values.reshape(2, *x.shape, *values.shape[1:])
        return np.asarray((up - down) / (2 * steps.reshape(*steps.shape, *[1] * (values.ndim - 1))))
