"""The scale of the noise as a robust objective sees it, and the curvature that it expects of a run.

The Hessian of Huber's objective counts the few residuals within delta. Where delta is far below the noise that is the
density of the noise at 0 estimated with far too narrow a bandwidth; here it is as wide as Silverman's rule says. Such a
fit also passes through as many runs as it has parameters, whose residuals of 0 say nothing of the noise: they are left
out of the density, which for 40 runs brings intervals from some 90 % of coverage to 94 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.objective import Problem


@dataclass(frozen=True)
class Scale:
    """What the residuals say.

    Attributes
    ----------
    psi : array of shape (rows,)
        The slope of the objective in each residual, without its weight.
    curvatures : array of shape (rows,)
        psi' of each residual, smoothed: the same within h = max(delta, bandwidth), 0 beyond.
    curvature : float
        Their mean, weighted as the objective is.
    score : float
        sum psi^2 / (n - p).
    bandwidth : float
        h.
    dof : int
        n - p, rows of weight 0 left out.
    """

    psi: np.ndarray
    curvatures: np.ndarray
    curvature: float
    score: float
    bandwidth: float
    dof: int

    @property
    def variance(self) -> float:
        """s^2 = score / curvature: twice a rise of the objective, over it, is a deviance (chi squared)."""
        return self.score / self.curvature


def smoothed_scale(problem: Problem, residuals: np.ndarray, parameters: int) -> Scale:
    """The scale of a fit.

        s^2 = [sum psi^2 / (n - p)] / mean psi',    h = max(delta, 0.9 min(sd, IQR / 1.349) n^(-1/5))
        mean psi' = (delta / h) (m - q) / (n - q),    m residuals within h, of which q = p (1 - delta / h) are met

    Parameters
    ----------
    problem : Problem
    residuals : array of shape (rows,)
        At the optimum.
    parameters : int
        Free parameters, p.

    Raises
    ------
    FitError
        If there are no more rows than parameters, or every residual is 0.
    """
    weights = np.ones(len(residuals)) if problem.weights is None else problem.weights
    used = weights > 0
    dof = int(used.sum()) - parameters
    if dof < 1:
        raise FitError(
            f"{int(used.sum())} runs for {parameters} parameters leave nothing to tell the noise from; add runs"
        )
    r, w = residuals[used], weights[used]
    side = np.where(residuals > 0, problem.overestimate, 1.0)
    if not np.any(r):
        raise FitError("the runs lie on the law without any noise, so there is nothing to be uncertain about")
    bandwidth = max(problem.delta, _silverman(r), float(np.abs(r).min()))
    within = np.abs(residuals) <= bandwidth
    met = parameters * (1 - problem.delta / bandwidth)
    count = float(within[used].sum())
    share = max(count - met, 1.0) / (len(r) - met) * len(r) / count
    curvatures = side * (problem.delta / bandwidth) * share * within
    psi = side * np.clip(residuals, -problem.delta, problem.delta)
    score = float((w**2 * psi[used] ** 2).sum() / w.sum() * len(r) / dof)
    return Scale(psi, curvatures, float((w * curvatures[used]).sum() / w.sum()), score, bandwidth, dof)


def _silverman(residuals: np.ndarray) -> float:
    quarter, three_quarters = np.quantile(residuals, [0.25, 0.75])
    spread = min(float(residuals.std()), float(three_quarters - quarter) / 1.349)
    return 0.9 * (spread or float(residuals.std())) * len(residuals) ** -0.2
