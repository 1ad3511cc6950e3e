"""New losses for every resample: residuals times random factors, or noise drawn afresh, around the fitted law."""

from __future__ import annotations

import numpy as np

from scalelaw.fit.model import slopes_at
from scalelaw.fit.noise import Noise
from scalelaw.fit.objective import Problem
from scalelaw.fit.resampling.plan import Resampling
from scalelaw.fit.resampling.weights import factors

_MOST_LEVERAGE = 0.95


def new_targets(
    problem: Problem,
    optimum: np.ndarray,
    resampling: Resampling,
    noise: Noise | None,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """What each resample is fitted to, log losses or losses as the problem has them; shape (count, rows).

    Parametric: the fitted value plus Gaussian noise of one size. Wild (Wu 1986, Liu 1988): the fitted value plus the
    residual times a random factor, after the residual was divided by 1 - leverage, as MacKinnon & White's (1985) HC3
    does, since the fit has drawn the law towards each run.
    """
    residuals = -problem.residuals(optimum[None])[0]
    fitted = problem.target - residuals
    if noise is not None:
        return fitted + noise.sd * rng.standard_normal((count, len(fitted)))
    groups = int(resampling.groups.max()) + 1
    turned = factors(groups, count, rng, mammen=resampling.kind == "wild-mammen")[:, resampling.groups]
    return fitted + residuals / (1 - leverages(problem, optimum)) * turned


def leverages(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Leverage of every row at x (p,), the diagonal of J (J'WJ)^-1 J'W, at most 0.95; shape (rows,)."""
    slopes = slopes_at(problem.model, x, log=problem.log)
    if problem.weights is not None:
        slopes = slopes * np.sqrt(problem.weights)[:, None]
    sizes = np.sqrt((slopes**2).sum(0))
    q, _ = np.linalg.qr(slopes[:, sizes > 0] / sizes[sizes > 0])
    return np.minimum((q**2).sum(1), _MOST_LEVERAGE)
