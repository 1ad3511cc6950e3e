"""A fit about its optimum: the residuals, how they change with the parameters, and the noise of the objective."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.model import build, slopes_at
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import Reduced, reduce_law
from scalelaw.fit.settings import GAUSSIAN_MAD

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


@dataclass(frozen=True, eq=False)
class Local:
    """The minimisation that a fit was, at its optimum x (q,) in the solver's coordinates.

    ``weights`` (rows,) are ones where the fit has none; rows of weight 0 are there, and count for nothing.
    """

    fit: Fit
    reduced: Reduced
    problem: Problem
    x: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> Local:
        reduced = reduce_law(fit.law, fit.settings)
        columns = {name: np.asarray(values, dtype=float) for name, values in fit.columns.items()}
        problem = fit.settings.problem(build(reduced.law, columns), columns["loss"], fit.weights)
        x = problem.model.coordinates.from_parameters(reduced.contract(fit.params))
        return cls(fit, reduced, problem, x, np.ones(fit.rows) if fit.weights is None else fit.weights)

    @property
    def names(self) -> tuple[str, ...]:
        """The free parameters, in the order of x."""
        return self.reduced.law.parameters

    @property
    def used(self) -> int:
        """Rows that count."""
        return int((self.weights > 0).sum())

    @cached_property
    def residuals(self) -> np.ndarray:
        """Predicted minus observed in the space of the fit, shape (rows,)."""
        return self.fit.settings.residuals(self.fit.predicted, self.fit.columns["loss"])

    @cached_property
    def held(self) -> np.ndarray:
        """Which coordinates are at a bound, shape (q,)."""
        return np.array([name in self.fit.convergence.at_bounds for name in self.names])

    @cached_property
    def slopes(self) -> np.ndarray:
        """Change of each residual with each coordinate, shape (rows, q); 0 where the coordinate is at a bound."""
        slopes = slopes_at(self.problem.model, self.x)
        if self.fit.settings.log:
            slopes = slopes / self.fit.predicted[:, None]
        return np.where(self.held | ~np.isfinite(slopes).all(0), 0.0, slopes)

    @cached_property
    def to_theta(self) -> np.ndarray:
        """Change of each free parameter with each coordinate, shape (q, q)."""
        steps = 1e-6 * np.maximum(np.abs(self.x), 1e-3)
        moved = np.concatenate([self.x + np.diag(steps), self.x - np.diag(steps)])
        theta = self.problem.model.coordinates.to_parameters(moved)
        change: np.ndarray = ((theta[: len(steps)] - theta[len(steps) :]) / (2 * steps[:, None])).T
        return change

    @cached_property
    def _scales(self) -> tuple[float, float]:
        """Mean of w psi^2 over the rows to spare, and mean of psi' smoothed over a band of the residuals."""
        spare = self.used - int((~self.held).sum())
        if spare <= 0:
            return float("nan"), float("nan")
        settings, residuals = self.fit.settings, self.residuals[self.weights > 0]
        weights, side = self.weights[self.weights > 0], np.where(residuals > 0, settings.overestimate, 1.0)
        if settings.loss == "squared":
            return float((weights * (side * residuals) ** 2).sum() / spare), float(np.average(side, weights=weights))
        delta = settings.delta if settings.loss == "huber" and settings.delta else 0.0
        score = side * (np.clip(residuals, -delta, delta) if delta else np.sign(residuals))
        band = max(delta, _silverman(residuals), 1e-300)
        inside = float(np.average(side * (np.abs(residuals) <= band), weights=weights))
        return float((weights * score**2).sum() / spare), inside * (delta or 1.0) / band

    @property
    def noise(self) -> float:
        """The scale s^2 by which the objective varies: twice its rise over s^2 is chi-squared at the truth.

        s^2 is the mean of psi^2 over that of psi', the latter smoothed over a band of max(delta, Silverman's width),
        since with a small delta only a handful of residuals is inside it. NaN where no run is to spare.

        Source: Huber 1981, Robust Statistics, section 7.6 (proposition 2).
        """
        square, slope = self._scales
        return square / slope if slope > 0 else float("nan")

    @property
    def variance(self) -> float:
        """The variance that, with the slopes, gives that of the coordinates: that of the residuals, for least squares."""
        return self.noise / self._scales[1] if self._scales[1] > 0 else float("nan")

    @cached_property
    def spread(self) -> float:
        """Robust standard deviation of the residuals: 1.4826 times their median size, over the rows to spare."""
        used = self.residuals[self.weights > 0]
        spare = max(self.used - int((~self.held).sum()), 1)
        return float(GAUSSIAN_MAD * np.median(np.abs(used)) * np.sqrt(self.used / spare))

    def spread_of(self, slopes: np.ndarray) -> np.ndarray:
        """Standard errors (m,) of quantities with these slopes (m, q) in the coordinates, to first order."""
        root = np.sqrt(self.weights)[:, None] * self.slopes
        return np.sqrt(self.variance * ((slopes @ np.linalg.pinv(root)) ** 2).sum(1))


def _silverman(residuals: np.ndarray) -> float:
    """Silverman's rule of thumb for the width of a band of residuals."""
    quarters = np.quantile(residuals, [0.25, 0.75])
    size = min(residuals.std(), (quarters[1] - quarters[0]) / 1.34) or residuals.std()
    return float(0.9 * size * len(residuals) ** -0.2)


def chi_squared(level: float) -> float:
    """The quantile of chi-squared with one degree of freedom.

    Examples
    --------
    >>> round(chi_squared(0.95), 3)
    3.841
    """
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + level) / 2) ** 2
