"""The points of profiles, found in rounds, and the curves they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.pulling import Puller
from scalelaw.fit.quantity import Quantity
from scalelaw.fit.solve import SAME

_PLACES = np.array([-3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
"""Where the springs first pull to, in standard errors."""
_ROUNDS = 6
_CLOSE = 0.02
"""How near, in standard deviations, a point must be to the end of an interval."""
_FURTHER = 1.7
_GIVES = 0.5
"""A quantity that goes less than this share of the way a spring pulls it has met a limit."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The profile of one quantity.

    Attributes
    ----------
    quantity : Quantity
    estimate : float
        At the fitted parameters.
    values, objective, deviance : array of shape (points,)
        The quantity, ascending; the objective, all parameters refitted; and its rise times 2 / s^2.
    theta : array of shape (points, parameters)
        The refitted parameters.
    dof : int
        A deviance is compared with F of 1 and so many degrees of freedom.
    ends : tuple of bool
        Whether the quantity can go no further, down and up, than the outermost values.
    """

    quantity: Quantity
    estimate: float
    values: np.ndarray
    objective: np.ndarray
    deviance: np.ndarray
    theta: np.ndarray
    dof: int
    ends: tuple[bool, bool]

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Values at which the deviance is that of a level.

        An end is infinite (0 for a quantity that is positive) where the deviance never gets so high, and the last
        value possible where the quantity meets a limit first.
        """
        wanted = threshold(level, self.dof)
        scaled, middle = self.quantity.scaled(self.values), self.quantity.scaled(np.array([self.estimate]))[0]
        root = np.sqrt(self.deviance)
        low, high = scaled < middle, scaled > middle
        ends = (
            _crossing(scaled[low][::-1], root[low][::-1], middle, wanted, stopped=self.ends[0], beyond=-np.inf),
            _crossing(scaled[high], root[high], middle, wanted, stopped=self.ends[1], beyond=np.inf),
        )
        first, last = self.quantity.unscaled(np.array(ends))
        return float(first), float(last)


def threshold(level: float, dof: int) -> float:
    """Root of the deviance at the end of an interval: Student's t, whose square is F with 1 degree of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(dof, (1 + level) / 2))


def _crossing(
    scaled: np.ndarray, root: np.ndarray, middle: float, wanted: float, *, stopped: bool, beyond: float
) -> float:
    """Where the root of the deviance first reaches what is wanted, going outwards from the estimate."""
    place = np.concatenate([[middle], scaled])
    root = np.concatenate([[0.0], root])
    reached = np.flatnonzero(root >= wanted)
    if not len(reached):
        return float(place[-1]) if stopped else beyond
    at = int(reached[0])
    share = (wanted - root[at - 1]) / (root[at] - root[at - 1])
    return float(place[at - 1] + share * (place[at] - place[at - 1]))


class Search:
    """The points of some profiles, found in rounds: each adds what an interval still lacks."""

    def __init__(self, puller: Puller, thresholds: Sequence[float]):
        self.puller, self.thresholds = puller, thresholds
        self.values, _, self.spreads = puller.middle()
        for quantity, spread in zip(puller.quantities, self.spreads, strict=True):
            if not 0 < spread < np.inf:
                raise FitError(
                    f"{quantity.name} does not vary with the fitted parameters at the optimum, so it has no profile"
                )
        self.best = float(puller.reopened.problem.values(puller.reopened.optimum[None])[0])
        count = len(puller.quantities)
        self.stopped = np.zeros((count, 2), bool)
        self.reach = np.tile(np.abs(_PLACES[[0, -1]]), (count, 1))
        which = np.repeat(np.arange(count), len(_PLACES))
        self.points = puller.pull(which, self.values[which] + np.tile(_PLACES, count) * self.spreads[which])

    def run(self) -> None:
        """Add points until every interval is held, or cannot be."""
        for _ in range(_ROUNDS):
            wanted = [
                each for place in range(len(self.values)) for side in (0, 1) for each in self._lacking(place, side)
            ]
            if not wanted:
                return
            which, centre = (np.array(part) for part in zip(*wanted, strict=True))
            self.points = self.points.join(self.puller.pull(which, centre, self.points))

    def _side(self, place: int, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances from the estimate of the points of one side, ascending, and roots of their deviances."""
        mine = self.points.which == place
        distance = (self.points.scaled[mine] - self.values[place]) * (1 if side else -1)
        root = np.sqrt(self.deviance(self.points.objective[mine]))
        outward = np.flatnonzero(distance > 0)
        outward = outward[np.argsort(distance[outward])]
        return np.concatenate([[0.0], distance[outward]]), np.concatenate([[0.0], root[outward]])

    def _lacking(self, place: int, side: int) -> list[tuple[int, float]]:
        """Quantity and place of the springs that one side of a profile still needs."""
        distance, root = self._side(place, side)
        sign = 1.0 if side else -1.0
        found = []
        for wanted in self.thresholds:
            reached = np.flatnonzero(root >= wanted)
            if len(reached):
                at = int(reached[0])
                if min(root[at] - wanted, wanted - root[at - 1]) > _CLOSE:
                    share = (wanted - root[at - 1]) / (root[at] - root[at - 1])
                    found.append((place, self.values[place] + sign * _between(distance, at, share)))
            elif not self.stopped[place, side]:
                pulled = self.reach[place, side] * self.spreads[place]
                self.stopped[place, side] = distance[-1] < _GIVES * pulled
                self.reach[place, side] *= _FURTHER
                found.append((place, self.values[place] + sign * _FURTHER * pulled))
        return found

    def deviance(self, objective: np.ndarray) -> np.ndarray:
        """Rise of the objective over its best, times 2 / s^2; a rise within rounding is none."""
        rise = objective - self.best
        return np.where(rise > SAME * self.best, 2 * rise / self.puller.variance, 0.0)

    def curve(self, place: int, estimate: float, dof: int) -> Curve:
        """The profile of one quantity, with the optimum among its points."""
        mine = np.flatnonzero(self.points.which == place)
        reopened = self.puller.reopened
        x = np.concatenate([reopened.optimum[None], self.points.x[mine]])
        scaled = np.concatenate([[self.values[place]], self.points.scaled[mine]])
        objective = np.concatenate([[self.best], self.points.objective[mine]])
        order = np.unique(scaled, return_index=True)[1]
        quantity = self.puller.quantities[place]
        return Curve(
            quantity=quantity,
            estimate=estimate,
            values=quantity.unscaled(scaled[order]),
            objective=reopened.fit.settings.objective(reopened.problem.residuals(x[order]), reopened.fit.weights),
            deviance=self.deviance(objective[order]),
            theta=reopened.parameters(x[order]),
            dof=dof,
            ends=(bool(self.stopped[place, 0]), bool(self.stopped[place, 1])),
        )


def _between(distance: np.ndarray, at: int, share: float) -> float:
    return float(distance[at - 1] + share * (distance[at] - distance[at - 1]))
