"""Where a smooth function is least, and where it comes within reach of that, for any number of functions at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scalelaw.analysis.root import root_between

Function = Callable[[np.ndarray], np.ndarray]

_SCAN, _GOLDEN = 65, 24
_RATIO = (np.sqrt(5.0) - 1) / 2
_STEP = 0.01
"""Of the stencil that polishes: small beside the curvature of a law in ln N, large beside the rounding of a loss."""


def minimise(f: Function, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Least point of every element of ``f`` between ``low`` and ``high``.

    A scan of 65 points finds the basin, golden sections narrow it down, and two Newton steps on five-point differences
    bring an interior minimum to about 1e-9; an end of the range is returned exactly where nothing beats it.

    Parameters
    ----------
    f : callable
        Points to values of the same shape, element by element; what is not a number is never least.
    low, high : array
        Of one shape.

    Examples
    --------
    >>> f = lambda x: np.cosh(x - np.array([0.3, 9.0]))
    >>> minimise(f, np.zeros(2), np.full(2, 5.0)).round(9)
    array([0.3, 5. ])
    """

    def value(x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            values = np.asarray(f(x), dtype=float)
        return np.where(np.isnan(values), np.inf, values)

    left, right = _basin(value, low, high)
    x = _polished(value, _golden(value, left, right), low, high)
    best = value(x)
    for end in (low, high):
        at_end = value(end)
        x, best = np.where(at_end <= best, end, x), np.minimum(at_end, best)
    return x


def _basin(f: Function, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of the best point of a scan, which is done a point at a time to spare memory."""
    step = (high - low) / (_SCAN - 1)
    at, best = np.zeros(low.shape), np.full(low.shape, np.inf)
    for position in range(_SCAN):
        found = f(low + position * step)
        better = found < best
        at, best = np.where(better, position, at), np.where(better, found, best)
    return low + np.maximum(at - 1, 0) * step, low + np.minimum(at + 1, _SCAN - 1) * step


def _golden(f: Function, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    a, b = right - _RATIO * (right - left), left + _RATIO * (right - left)
    at_a, at_b = f(a), f(b)
    for _ in range(_GOLDEN):
        down = at_a < at_b
        left, right = np.where(down, left, a), np.where(down, b, right)
        new = np.where(down, right - _RATIO * (right - left), left + _RATIO * (right - left))
        at_new = f(new)
        a, b = np.where(down, new, b), np.where(down, a, new)
        at_a, at_b = np.where(down, at_new, at_b), np.where(down, at_a, at_new)
    return np.where(at_a < at_b, a, b)


def _polished(f: Function, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    for _ in range(2):
        far_left, left, here, right, far_right = (f(x + k * _STEP) for k in (-2, -1, 0, 1, 2))
        with np.errstate(all="ignore"):
            slope = (8 * (right - left) - (far_right - far_left)) / (12 * _STEP)
            bend = (16 * (right + left) - 30 * here - (far_right + far_left)) / (12 * _STEP**2)
            step = -slope / bend
        ahead = x + np.where((bend > 0) & (np.abs(step) < 0.1), step, 0.0)
        # a kink, such as the first repetition of data, has no such step: only rounding may be lost
        kept = (f(ahead) <= here * (1 + 1e-15)) & (ahead > low) & (ahead < high)
        x = np.where(kept, ahead, x)
    return x


def reach(f: Function, target: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """How far from ``inside``, where f is at most the target, towards ``outside`` it stays so.

    Examples
    --------
    >>> reach(lambda x: x**2, np.array([4.0, 4.0]), np.zeros(2), np.array([9.0, 1.0])).round(9)
    array([2., 1.])
    """

    def excess(x: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.asarray(f(x) - target, dtype=float), nan=np.inf, posinf=np.inf)

    with np.errstate(all="ignore"):
        near, far = excess(inside), excess(outside)
        whole = far <= 0
        return np.where(whole, outside, root_between(excess, np.where(whole, outside, inside), near, outside, far))
