"""A fit as the minimisation it was, at its optimum: what profile and covariance start from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.differences import central
from scalelaw.fit.model import build, slopes_at
from scalelaw.fit.objective import Problem
from scalelaw.fit.quantity import Quantity
from scalelaw.fit.reduce import Reduced, reduce_law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_STEP = 1e-4
"""Relative step of the central differences of a quantity; its second differences keep eight digits."""


@dataclass(frozen=True, eq=False)
class Reopened:
    """The problem of a fit and its optimum x (p,) in the solver's coordinates."""

    fit: Fit
    reduced: Reduced
    problem: Problem
    optimum: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> Reopened:
        """Reopen a fit.

        Raises
        ------
        FitError
            If it did not converge, so that it is at no optimum.
        """
        if not fit.converged:
            raise FitError("this fit did not converge, so nothing about its optimum is known; fit with thorough=True")
        reduced = reduce_law(fit.law, fit.settings)
        columns = {name: np.asarray(values, dtype=float) for name, values in fit.columns.items()}
        problem = fit.settings.problem(build(reduced.law, columns), columns["loss"], fit.weights)
        optimum = problem.model.coordinates.from_parameters(reduced.contract(fit.params))
        return cls(fit, reduced, problem, np.clip(optimum, problem.lower, problem.upper))

    @cached_property
    def held(self) -> np.ndarray:
        """Coordinates that are at a bound, shape (p,)."""
        return (self.optimum <= self.problem.lower) | (self.optimum >= self.problem.upper)

    @cached_property
    def residuals(self) -> np.ndarray:
        """Predicted minus observed at the optimum, in the space of the fit, shape (rows,)."""
        return self.problem.residuals(self.optimum[None])[0]

    @cached_property
    def slopes(self) -> np.ndarray:
        """Derivative of every residual in each coordinate at the optimum, shape (rows, p)."""
        return slopes_at(self.problem.model, self.optimum, log=self.problem.log)

    def parameters(self, x: np.ndarray) -> np.ndarray:
        """All parameters of the law (..., parameters) at coordinates x (..., p)."""
        with np.errstate(all="ignore"):
            return self.reduced.expand(self.problem.model.coordinates.to_parameters(x))

    def values(self, quantity: Quantity, x: np.ndarray) -> np.ndarray:
        """A quantity, in its own scale, at coordinates x (B, p); shape (B,)."""
        return quantity.scaled(quantity(self.parameters(x)))

    def gradient(self, quantity: Quantity, x: np.ndarray) -> np.ndarray:
        """Derivative of a quantity, in its own scale, in each coordinate at x (B, p), by central differences."""
        slopes = central(partial(self.values, quantity), x, _steps(x))
        return np.nan_to_num(slopes, posinf=0.0, neginf=0.0)

    def curvature(self, quantity: Quantity, x: np.ndarray) -> np.ndarray:
        """Second derivatives (B, p, p) of a quantity, in its own scale, at x (B, p), by central differences."""
        batch, size = x.shape
        steps = _steps(x)
        first, second = np.triu_indices(size)
        unit = np.eye(size)
        shifts = [
            steps[:, None] * (a * unit[first] + b * unit[second]) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
        ]
        points = np.stack([x[:, None] + shift for shift in shifts]).reshape(-1, size)
        plus, mixed, other, minus = self.values(quantity, points).reshape(4, batch, len(first))
        entries = (plus - mixed - other + minus) / (4 * steps[:, first] * steps[:, second])
        matrix = np.empty((batch, size, size))
        matrix[:, first, second] = matrix[:, second, first] = np.nan_to_num(entries, posinf=0.0, neginf=0.0)
        return matrix


def _steps(x: np.ndarray) -> np.ndarray:
    return _STEP * np.maximum(np.abs(x), 1e-2)
