"""Profile likelihood: how far a number can be moved before the objective, all else refitted, rises too much.

Every point of a profile is a fit with a spring that pulls the number towards a place,

    F(x) + k / 2 (q(x) - c)^2,

and its minimum is the best fit among all that give the number the value it ended at: whatever the spring, the point
lies on the profile. So a number needs no coordinate of its own, any function of the parameters will do, and all points
of all numbers are minimised together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.intervals import check_interval
from scalelaw.fit.predict import parameter_sets
from scalelaw.fit.pulling import Puller
from scalelaw.fit.quantity import Given, Quantity, as_quantity
from scalelaw.fit.reopened import Reopened
from scalelaw.fit.scale import smoothed_scale
from scalelaw.fit.solve import SAME, descend

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

_PLACES = np.array([-3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
"""Where the springs first pull to, in standard errors."""
_ROUNDS = 6
_CLOSE = 0.02
"""How near, in standard deviations, a point must be to the end of an interval."""
_FURTHER = 1.7
_GIVES = 0.5
"""A quantity that goes less than this share of the way a spring pulls it has met a limit."""
_LEAST, _ROUND = 1e-10, 0.03


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


def profile(fit: Fit, *quantities: Given, level: float = 0.95) -> pd.DataFrame:
    """Profiles of parameters and other quantities.

    The deviance is 2 (F - F_best) / s^2 with the smoothed scale s of `scalelaw.fit.scale`; it is compared with F of 1
    and n - p degrees of freedom, which is exact for least squares of a linear law with Gaussian noise. With Huber's
    loss it is nearly right for some hundred runs with noise of one size, and the interval some points too narrow in
    coverage for a few dozen.

    Parameters
    ----------
    fit : Fit
    *quantities : str, Quantity or callable
        Names of parameters, quantities (`scalelaw.analysis.quantities`), or functions of parameter sets
        (sets, parameters) that give values (sets,). None means every free parameter.
    level : float
        Points are added until the profile holds the interval of this level.

    Returns
    -------
    DataFrame
        ``quantity``, ``value``, ``objective``, ``deviance`` and ``confidence``, the level of the interval that ends at
        the value; the fitted value has deviance 0. Its ``attrs`` hold ``scale``, s^2, and ``dof``.

    Raises
    ------
    FitError
        If a quantity or the level means nothing, or the fit did not converge.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> frame = profile(pile, "k")
    >>> print(f"{frame['value'][frame['confidence'] <= 0.95].min():.2f}")
    0.31
    """
    import pandas as pd

    found = curves(fit, quantities or fit.free, levels=(level,))
    parts = [
        pd.DataFrame(
            {
                "quantity": curve.quantity.name,
                "value": curve.values,
                "objective": curve.objective,
                "deviance": curve.deviance,
                "confidence": confidence(curve.deviance, curve.dof),
            }
        )
        for curve in found
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame.attrs = {"dof": found[0].dof}
    return frame


def profile_intervals(fit: Fit, *quantities: Given, level: float = 0.95) -> pd.DataFrame:
    """Intervals by profiles, all of them together.

    Returns
    -------
    DataFrame
        ``quantity``, ``value``, ``low`` and ``high``; options as for `profile`.
    """
    import pandas as pd

    found = curves(fit, quantities or fit.free, levels=(level,))
    ends = [curve.interval(level) for curve in found]
    return pd.DataFrame(
        {
            "quantity": [curve.quantity.name for curve in found],
            "value": [curve.estimate for curve in found],
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
        }
    )


def confidence(deviance: np.ndarray, dof: int) -> np.ndarray:
    """Level of the interval that ends where the deviance is as given."""
    from scipy.special import stdtr

    levels: np.ndarray = 2 * stdtr(dof, np.sqrt(deviance)) - 1
    return levels


def curves(fit: Fit, quantities: Sequence[Given], *, levels: Sequence[float] = (0.95,)) -> list[Curve]:
    """Profiles of several quantities, all their points refitted together; they hold the intervals of the levels."""
    for level in levels:
        check_interval(level, "bc")
    reopened = _rounded(Reopened.of(fit))
    chosen = tuple(as_quantity(fit, each) for each in quantities)
    held = int(reopened.held.sum())
    scale = smoothed_scale(reopened.problem, reopened.residuals, reopened.problem.size - held)
    estimates = [float(quantity(parameter_sets(fit, draws=False))[0]) for quantity in chosen]
    puller = Puller(reopened, chosen, _spread(reopened, scale.curvature, scale.score), scale.variance)
    search = _Search(puller, [threshold(level, scale.dof) for level in levels])
    search.run()
    return [search.curve(position, estimate, scale.dof) for position, estimate in enumerate(estimates)]


def _rounded(reopened: Reopened) -> Reopened:
    """The fit with its loss rounded within 3 % of the usual residual, if it is sharper; it hardly differs otherwise.

    A profile of absolute values is a polygon with a corner wherever a run changes sides, which Newton's method follows
    from corner to corner.
    """
    problem = reopened.problem
    delta = _ROUND * float(np.median(np.abs(reopened.residuals)))
    if problem.delta >= delta:
        return reopened
    problem = replace(problem, delta=delta)
    minima = descend(problem, reopened.optimum[None])
    return replace(reopened, problem=problem, optimum=minima.x[0])


class _Search:
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


def _spread(reopened: Reopened, curvature: float, score: float) -> np.ndarray:
    """Covariance of the coordinates, undetermined directions left finite: how far the first springs should pull."""
    weights = 1.0 if reopened.fit.weights is None else reopened.fit.weights[:, None]
    product = (reopened.slopes * weights).T @ reopened.slopes
    size = 1 / np.sqrt(np.maximum(np.diag(product), 1e-300))
    values, vectors = np.linalg.eigh(product * np.outer(size, size))
    inverse = (vectors / np.maximum(values, _LEAST * values[-1])) @ vectors.T
    return inverse * np.outer(size, size) * score / curvature**2
