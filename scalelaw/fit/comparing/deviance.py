"""Whether a law does better than one that it contains: an F test, and its bootstrap.

    F = 2 (F_small - F_large) / (q s^2),    q = parameters that the larger law has more

with the objectives of both and s^2, the smoothed scale of the larger law's residuals (`scalelaw.fit.scale`); for least
squares this is the classical F test, for Huber's function the robust drop-in-dispersion test (Schrader and
Hettmansperger 1980, Biometrika 67, 93). Its bootstrap draws new losses from the smaller law with the residuals of the
larger one and refits both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.resampling import refit
from scalelaw.fit.scale import smoothed_scale

_EXACT = 1e6
"""Residuals, in units of rounding, up to which the runs lie on the smaller law and a larger one has nothing to add."""


@dataclass(frozen=True)
class Deviance:
    """A test of a law against a larger one.

    Attributes
    ----------
    df, spare : int
        Parameters that the larger law has more, and rows more than it has parameters.
    statistic : float
        F.
    p : float
        Chance of a statistic as large under the smaller law, by the F distribution.
    bootstrap_p : float
        The same by the bootstrap; NaN without refits.
    """

    df: int
    spare: int
    statistic: float
    p: float
    bootstrap_p: float


def deviance_test(
    small: Entrant,
    large: Entrant,
    *,
    refits: int = 0,
    rng: int | np.random.Generator | None = 0,
    strata: np.ndarray | None = None,
) -> Deviance:
    """Test a law against one that contains it, both fitted to the same rows.

    ``strata`` (rows,) numbers rows whose residuals the bootstrap exchanges; all of them by default.

    Raises
    ------
    FitError
        If the larger law has no more parameters, or no row is left to tell the noise from.
    """
    df = large.problem.size - small.problem.size
    if df < 1:
        raise FitError(
            f"law {large.fit.law.name!r} has no more free parameters than {small.fit.law.name!r}, so there is no test"
        )
    residuals = large.problem.residuals(large.optimum[None])[0]
    scale = smoothed_scale(large.problem, residuals, large.problem.size)
    if np.abs(small.problem.residuals(small.optimum[None])).max() <= _EXACT * small.problem.rounding:
        return Deviance(df, scale.dof, 0.0, 1.0, 1.0 if refits else float("nan"))
    drop = max(small.fit.objective - large.fit.objective, 0.0)
    statistic = 2 * drop / (df * scale.variance)
    from scipy.special import fdtrc

    p = float(fdtrc(df, scale.dof, statistic))
    found = float("nan")
    if refits:
        found = _bootstrap(small, large, residuals, scale.dof, refits, np.random.default_rng(rng), strata)
    return Deviance(df, scale.dof, float(statistic), p, found)


def _bootstrap(
    small: Entrant,
    large: Entrant,
    residuals: np.ndarray,
    dof: int,
    refits: int,
    rng: np.random.Generator,
    strata: np.ndarray | None,
) -> float:
    """Share of new tables under the smaller law whose objectives differ, relative to the larger law's, as much."""
    rows = len(residuals)
    strata = np.zeros(rows, int) if strata is None else strata
    errors = -residuals * np.sqrt(rows / dof)
    drawn = np.empty((refits, rows))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        centred = errors[members] - errors[members].mean()
        drawn[:, members] = rng.choice(centred, (refits, len(members)))
    expected = small.problem.residuals(small.optimum[None])[0] + small.problem.target
    targets = expected + drawn
    _, narrow, _ = refit(small.problem, small.optimum, targets=targets)
    # the larger law holds the smaller one, whose optimum of every new table is where it may begin
    _, wide, _ = refit(large.problem, large.optimum, targets=targets)
    observed = small.fit.objective / large.fit.objective
    return float((1 + (narrow / wide >= observed * (1 - 1e-12)).sum()) / (1 + refits))
