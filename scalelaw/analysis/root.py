"""Where a loss that falls with a quantity reaches a target: one root finder for any number of curves at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_LIMIT = 690.0
"""Logarithm of the largest and of the smallest size tried: 10^300 and 10^-300."""
_STEPS = 64
_EPS = float(np.finfo(float).eps)


def solve_decreasing(
    loss: Callable[[np.ndarray], np.ndarray], target: np.ndarray, start: np.ndarray | float
) -> np.ndarray:
    """Size at which a decreasing loss equals its target, for every element.

    Brackets in the logarithm of the size, by steps that double, then Chandrupatla's method (1997): inverse quadratic
    interpolation where it is safe and bisection elsewhere, to the rounding of the logarithm.

    Parameters
    ----------
    loss : callable
        Sizes (shape of ``target``) to losses of that shape, element by element.
    target : array
    start : array or float
        A guess of the size, above 0, that broadcasts to the shape of ``target``.

    Returns
    -------
    array of the shape of ``target``
        ``inf`` where no size is large enough (the target is below the floor), 0 where none is small enough, NaN where
        the loss is not a number.

    Examples
    --------
    >>> solve_decreasing(lambda N: 1.0 + 10.0 / N**0.5, np.array([1.5, 0.9]), 3.0).round(9)
    array([400.,  inf])
    """
    target = np.asarray(target, dtype=float)
    start = np.clip(np.nan_to_num(np.asarray(start, dtype=float), nan=1.0), 1e-299, 1e299)

    def excess(x: np.ndarray) -> np.ndarray:
        return np.asarray(loss(np.exp(x)), dtype=float) - target

    with np.errstate(all="ignore"):
        near = np.array(np.broadcast_to(np.log(start), target.shape))
        at_near = excess(near)
        upward = at_near > 0
        x1, f1, x2, f2 = _bracket(excess, near, at_near)
        found = np.sign(f1) * np.sign(f2) <= 0
        # without a bracket there is nothing to find, and a point of its own cannot disturb the others
        x1 = np.where(found, x1, x2)
        roots = np.exp(root_between(excess, x1, f1, x2, f2))
    unreached = np.where(np.isnan(f2) | np.isnan(target), np.nan, np.where(upward, np.inf, 0.0))
    return np.where(found, roots, unreached)


def _bracket(
    excess: Callable[[np.ndarray], np.ndarray], near: np.ndarray, at_near: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two points of every element between which its sign changes, or the last two tried."""
    x1, f1, x2, f2 = near, at_near, near, at_near
    step = 0.5 * np.sign(at_near)
    for _ in range(16):
        going = (np.sign(f2) == np.sign(at_near)) & (at_near != 0) & (np.abs(x2) < _LIMIT)
        if not going.any():
            break
        ahead = np.where(going, np.clip(x2 + step, -_LIMIT, _LIMIT), x2)
        value = np.where(going, excess(ahead), f2)
        x1, f1 = np.where(going, x2, x1), np.where(going, f2, f1)
        x2, f2, step = ahead, value, 2 * step
    return x1, f1, x2, f2


def root_between(
    excess: Callable[[np.ndarray], np.ndarray], x1: np.ndarray, f1: np.ndarray, x2: np.ndarray, f2: np.ndarray
) -> np.ndarray:
    """Root of every element between x1 and x2, where the values f1 and f2 differ in sign; x1 where they do not.

    Chandrupatla's method, to the rounding of x.
    """
    root = np.where(np.abs(f2) < np.abs(f1), x2, x1)
    open_ = (f1 != 0) & (f2 != 0) & (x1 != x2)
    fraction = np.full(root.shape, 0.5)
    for _ in range(_STEPS):
        if not open_.any():
            break
        x = np.where(open_, x1 + fraction * (x2 - x1), x1)
        f = excess(x)
        same = np.sign(f) == np.sign(f1)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, f
        root = np.where(open_, np.where(np.abs(f2) < np.abs(f1), x2, x1), root)
        least = (2 * _EPS * np.maximum(np.abs(root), 1.0)) / np.abs(x2 - x1)
        open_ = open_ & (least <= 0.5) & (f1 != 0)
        fraction = np.clip(_interpolate(x1, f1, x2, f2, x3, f3), least, 1 - least)
    return root


def _interpolate(
    x1: np.ndarray, f1: np.ndarray, x2: np.ndarray, f2: np.ndarray, x3: np.ndarray, f3: np.ndarray
) -> np.ndarray:
    """Next point as a fraction of the way from x1 to x2."""
    xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
    safe = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    inverse = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    return np.where(safe & np.isfinite(inverse), inverse, 0.5)
