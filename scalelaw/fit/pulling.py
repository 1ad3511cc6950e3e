"""Fits with a spring on one number each: any points of any profiles, minimised together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from scalelaw.fit.continuation import descend
from scalelaw.fit.objective import Moments, Problem
from scalelaw.fit.quantity import Quantity
from scalelaw.fit.reopened import Reopened
from scalelaw.fit.solve import SAME

_STIFFNESS = 300.0
"""Of the springs, in units of the profile's own curvature: a spring gets 99.7 % of the way to its place."""
_RETRIES = 3


@dataclass(frozen=True, eq=False)
class Springs:
    """A spring for each problem of a batch: k / 2 (q(x) - c)^2.

    ``which`` (B,) says its quantity; ``centre`` (B,), c, is in the quantity's own scale; ``stiffness`` (B,) is k.
    """

    reopened: Reopened
    quantities: tuple[Quantity, ...]
    which: np.ndarray
    centre: np.ndarray
    stiffness: np.ndarray

    def part(self, rows: np.ndarray | slice) -> Springs:
        """Those of some rows of the batch."""
        return replace(self, which=self.which[rows], centre=self.centre[rows], stiffness=self.stiffness[rows])

    def add(self, moments: Moments, x: np.ndarray) -> Moments:
        """The moments of an objective at x (B, p) with the springs in it."""
        value, gradient, metric, hessian = moments
        for place, quantity in enumerate(self.quantities):
            rows = np.flatnonzero(self.which == place)
            if not len(rows):
                continue
            slope = self.reopened.gradient(quantity, x[rows])
            gap = self.reopened.values(quantity, x[rows]) - self.centre[rows]
            force = self.stiffness[rows] * gap
            square = self.stiffness[rows, None, None] * slope[:, :, None] * slope[:, None, :]
            value[rows] += 0.5 * force * gap
            gradient[rows] += force[:, None] * slope
            hessian[rows] += square + force[:, None, None] * self.reopened.curvature(quantity, x[rows])
            if metric is not None:
                metric[rows] += square
        return Moments(value, gradient, metric, hessian)


@dataclass(frozen=True, eq=False)
class Pulled(Problem):
    """A batch of problems with springs."""

    springs: Springs | None = None

    def part(self, rows: np.ndarray | slice) -> Self:
        some = super().part(rows)
        return some if some.springs is None else replace(some, springs=some.springs.part(rows))

    def moments(
        self, x: np.ndarray, weights: np.ndarray | None, delta: float | np.ndarray, *, metric: bool = True
    ) -> Moments:
        moments = super().moments(x, weights, delta, metric=metric)
        return moments if self.springs is None else self.springs.add(moments, x)


@dataclass(frozen=True, eq=False)
class Points:
    """Points of profiles: the quantity each belongs to, x (m, p), its scaled value, and the objective F there."""

    which: np.ndarray
    x: np.ndarray
    scaled: np.ndarray
    objective: np.ndarray

    def join(self, other: Points) -> Points:
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("which", "x", "scaled", "objective"))
        return Points(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True, eq=False)
class Puller:
    """Finds points of profiles.

    ``inverse`` (p, p) is the covariance of the coordinates, which says which way they give when a quantity is moved;
    ``variance`` is s^2, the scale of the objective.
    """

    reopened: Reopened
    quantities: tuple[Quantity, ...]
    inverse: np.ndarray
    variance: float

    def middle(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every quantity the scaled value, the direction (quantities, p) of least resistance, and the spread."""
        optimum = self.reopened.optimum[None]
        values = np.array([self.reopened.values(each, optimum)[0] for each in self.quantities])
        gradients = np.concatenate([self.reopened.gradient(each, optimum) for each in self.quantities])
        directions = gradients @ self.inverse
        spreads = np.sqrt(np.maximum((directions * gradients).sum(1), 0.0))
        return values, directions / np.where(spreads > 0, spreads, 1.0)[:, None] ** 2, spreads

    # a spring may ask for what no parameters give; such points are infinite or NaN, and left out below
    @np.errstate(all="ignore")
    def pull(self, which: np.ndarray, centre: np.ndarray, known: Points | None = None) -> Points:
        """Points whose springs pull quantity ``which`` (m,) to ``centre`` (m,); only those that converged."""
        values, directions, spreads = self.middle()
        stiffness = _STIFFNESS * self.variance / spreads[which] ** 2
        problem = self.problem(which, centre, stiffness)
        start = self.reopened.optimum + directions[which] * (centre - values[which])[:, None]
        minima = descend(problem, np.clip(start, problem.lower, problem.upper))
        x, total, converged = minima.x, minima.value, minima.converged
        for _ in range(_RETRIES):
            points = self._points(which, x)
            all_points = points if known is None else known.join(points)
            # any other point of the same profile, seen under this spring
            strain = 0.5 * stiffness[:, None] * (all_points.scaled - centre[:, None]) ** 2
            seen = np.where(all_points.which == which[:, None], all_points.objective + strain, np.inf)
            seen = np.where(np.isfinite(seen), seen, np.inf)
            best = seen.argmin(1)
            least = seen[np.arange(len(which)), best]
            missed = np.flatnonzero((least < total * (1 - SAME)) | (~converged & np.isfinite(least)))
            if not len(missed):
                break
            again = descend(problem.part(missed), all_points.x[best[missed]])
            better = (again.value < total[missed]) | (again.converged & ~converged[missed])
            rows = missed[better]
            if not len(rows):
                break
            x[rows], total[rows], converged[rows] = again.x[better], again.value[better], again.converged[better]
        kept = converged & np.isfinite(total)
        return self._points(which[kept], x[kept])

    def problem(self, which: np.ndarray, centre: np.ndarray, stiffness: np.ndarray) -> Pulled:
        """The problem of the fit with springs."""
        plain = self.reopened.problem
        springs = Springs(self.reopened, self.quantities, which, centre, stiffness)
        return Pulled(
            plain.model, plain.target, plain.log, plain.delta, plain.weights, plain.overestimate, springs=springs
        )

    def _points(self, which: np.ndarray, x: np.ndarray) -> Points:
        scaled = np.empty(len(x))
        for place, quantity in enumerate(self.quantities):
            rows = which == place
            if rows.any():
                scaled[rows] = self.reopened.values(quantity, x[rows])
        return Points(which, x, scaled, self.reopened.problem.values(x))
