"""Profile likelihood: how far a number can be moved before the objective, all else refitted, rises too much.

Every point of a profile is a fit with a spring that pulls the number towards a place,

    F(x) + k / 2 (q(x) - c)^2,

and its minimum is the best fit among all that give the number the value it ended at: whatever the spring, the point
lies on the profile. So a number needs no coordinate of its own, any function of the parameters will do, and all points
of all numbers are minimised together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.continuation import descend
from scalelaw.fit.doubts import doubts_of_profile
from scalelaw.fit.intervals import check_interval
from scalelaw.fit.predict import parameter_sets
from scalelaw.fit.profile_search import Curve, Search, threshold
from scalelaw.fit.pulling import Puller
from scalelaw.fit.quantity import Given, as_quantity
from scalelaw.fit.reopened import Reopened
from scalelaw.fit.scale import smoothed_scale

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

__all__ = ["Curve", "confidence", "curves", "profile", "profile_intervals"]

_LEAST = 1e-10
"""Of the largest eigenvalue: a direction flatter than this is taken to be so flat and no flatter."""
_FAINT = 1e-10
"""Of the largest effect of a coordinate on the losses: one with less, as an exponent whose amplitude is 0, has this."""
_ROUND = 0.03
"""Of the median residual: a loss sharper than this is rounded."""


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
        the value; the fitted value has deviance 0.
        Its ``attrs`` hold ``dof``, n - p, and ``doubts``, why not to believe the confidence here.

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
    frame.attrs = {"dof": found[0].dof, "doubts": doubts_of_profile(fit, found[0].dof)}
    return frame


def profile_intervals(fit: Fit, *quantities: Given, level: float = 0.95) -> pd.DataFrame:
    """Intervals by profiles, all of them together.

    Returns
    -------
    DataFrame
        ``quantity``, ``value``, ``low`` and ``high``; options and ``attrs`` as for `profile`.
    """
    import pandas as pd

    found = curves(fit, quantities or fit.free, levels=(level,))
    ends = [curve.interval(level) for curve in found]
    frame = pd.DataFrame(
        {
            "quantity": [curve.quantity.name for curve in found],
            "value": [curve.estimate for curve in found],
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
        }
    )
    frame.attrs = {"dof": found[0].dof, "doubts": doubts_of_profile(fit, found[0].dof)}
    return frame


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
    search = Search(puller, [threshold(level, scale.dof) for level in levels])
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


def _spread(reopened: Reopened, curvature: float, score: float) -> np.ndarray:
    """Covariance of the coordinates, undetermined directions left finite: how far the first springs should pull."""
    weights = 1.0 if reopened.fit.weights is None else reopened.fit.weights[:, None]
    product = (reopened.slopes * weights).T @ reopened.slopes
    effect = np.sqrt(np.diag(product))
    size = 1 / np.maximum(effect, _FAINT * effect.max())
    values, vectors = np.linalg.eigh(product * np.outer(size, size))
    inverse = (vectors / np.maximum(values, _LEAST * values[-1])) @ vectors.T
    return inverse * np.outer(size, size) * score / curvature**2
