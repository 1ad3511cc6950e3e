"""Intervals without bootstrap draws for many numbers at once, such as a column of a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.quantity import Quantity
from scalelaw.fit.reopened import Reopened

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_MOST = 60
"""Profiles made for one frame: each takes some dozen refits."""


class Rows:
    """A function of parameter sets (sets, parameters) to (sets, rows), row by row, the last sets' values kept.

    ``one``, of parameter sets and a row, gives a row alone where all of them together cost more.
    """

    def __init__(
        self,
        of: Callable[[np.ndarray], np.ndarray],
        one: Callable[[np.ndarray, int], np.ndarray] | None = None,
    ):
        self.of = of
        self.one = one or (lambda theta, row: self(theta)[:, row])
        self._sets, self._values = np.empty((0, 0)), np.empty((0, 0))

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        if not np.array_equal(theta, self._sets):
            with np.errstate(all="ignore"):
                self._sets, self._values = theta.copy(), self.of(theta)
        return self._values

    def quantity(self, row: int, *, positive: bool) -> Quantity:
        """One of the rows."""
        return Quantity(f"row {row}", lambda theta: self.one(theta, row), positive=positive)


def ends_without_draws(
    fit: Fit,
    of: Callable[[np.ndarray], np.ndarray],
    *,
    level: float,
    kind: str,
    positive: bool,
    one: Callable[[np.ndarray, int], np.ndarray] | None = None,
) -> np.ndarray:
    """Ends (2, rows) of the intervals of many numbers by profile or by the covariance.

    Parameters
    ----------
    fit : Fit
    of : callable
        Parameter sets (sets, parameters) to values (sets, rows).
    level : float
    kind : {"profile", "sandwich", "robust"}
    positive : bool
        Whether the numbers are positive by nature, see `Quantity`.
    one : callable, optional
        Parameter sets and a row to the values (sets,) of that row, where one costs less than all.

    Returns
    -------
    array of shape (2, rows)
        A number that no parameter moves ends at itself, and one that is not finite has no ends, NaN.

    Raises
    ------
    FitError
        If more than 60 profiles are asked for, or the fit leaves nothing to tell the noise from.
    """
    from scalelaw.fit.covariance import covariance
    from scalelaw.fit.profile import curves

    known = covariance(fit, robust=kind == "robust") if kind != "profile" else None
    reopened = known.reopened if known is not None else Reopened.of(fit)
    rows = Rows(of, one)
    values = rows(np.array([[fit.params[name] for name in fit.law.parameters]]))[0]
    ends = np.where(np.isfinite(values), np.stack([values, values]), np.nan)
    quantities = {row: rows.quantity(row, positive=positive) for row in np.flatnonzero(np.isfinite(values)).tolist()}
    optimum = reopened.optimum[None]
    moving = {row: each for row, each in quantities.items() if np.abs(reopened.gradient(each, optimum)).max() > 0}
    if known is not None:
        for row, quantity in moving.items():
            ends[:, row] = known.ends(quantity, level)
    elif len(moving) > _MOST:
        raise FitError(
            f"{len(moving)} numbers would each need a profile of their own, and {_MOST} are the most at a time; ask "
            "for fewer, or use kind='sandwich' or bootstrap draws"
        )
    elif moving:
        found = curves(fit, tuple(moving.values()), levels=(level,))
        ends[:, list(moving)] = np.array([curve.interval(level) for curve in found]).T
    return ends


def widened(fit: Fit, values: np.ndarray, ends: np.ndarray, level: float) -> np.ndarray:
    """Ends (2, rows) of losses for a new run: its noise and the half of the interval at each side add as squares."""
    from scalelaw.fit.noise import seed_noise
    from scalelaw.fit.profile_search import threshold

    noise = seed_noise(fit)
    error = threshold(level, noise.dof) * noise.sd
    scale = Quantity("loss", lambda theta: theta, positive=fit.settings.log)
    middle, (low, high) = scale.scaled(values), scale.scaled(ends)
    return scale.unscaled(np.stack([middle - np.hypot(middle - low, error), middle + np.hypot(high - middle, error)]))
