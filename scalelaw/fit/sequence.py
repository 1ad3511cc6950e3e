"""A low-discrepancy sequence: points that fill a cube evenly, the same ones every time."""

import numpy as np


def low_discrepancy(count: int, dimensions: int) -> np.ndarray:
    """Points of shape (count, dimensions) in (0, 1): the additive recurrence of the generalised golden ratio.

    Source: Roberts 2018, The Unreasonable Effectiveness of Quasirandom Sequences.

    Examples
    --------
    >>> low_discrepancy(3, 1).round(3).ravel()
    array([0.118, 0.736, 0.354])
    """
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    points: np.ndarray = (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1.0
    return points
