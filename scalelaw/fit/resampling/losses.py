"""New losses for every resample: residuals times random factors, or noise drawn afresh, around the fitted law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.fit.model import slopes_at
from scalelaw.fit.noise import Noise, noise_of_runs, residual_noise
from scalelaw.fit.objective import Problem
from scalelaw.fit.resampling.plan import Resampling
from scalelaw.fit.resampling.weights import factors
from scalelaw.fit.run_effects import RunNoise, basis, restored, run_noise

_MOST_LEVERAGE = 0.95


@dataclass(frozen=True)
class DrawnNoise:
    """The noise of a parametric bootstrap, where it was taken from in words, and whether replicates measured it."""

    noise: RunNoise
    words: str
    measured: bool


def drawn_noise(problem: Problem, x: np.ndarray, resampling: Resampling, replicates: Noise | None) -> DrawnNoise:
    """Noise by replicate seeds if there are some, else by the residuals at x (p,).

    Where rows are checkpoints of runs, the residuals say how much of it the rows of a run share.

    Raises
    ------
    FitError
        If there are neither replicates nor more rows than parameters.
    """
    residuals = problem.residuals(x[None])[0]
    noise = replicates or residual_noise(residuals, problem.size, problem.weights, log=problem.log)
    if not resampling.by:
        return DrawnNoise(RunNoise(0.0, noise.sd), noise.describe(), replicates is not None)
    shared = noise_within_runs(problem, x, resampling.groups)
    noise = replicates or noise_of_runs(shared, int(resampling.groups.max()) + 1, problem.size, log=problem.log)
    words = f"{noise.describe()}; {shared.describe()}"
    return DrawnNoise(shared.of_size(noise.sd), words, replicates is not None)


def new_targets(
    problem: Problem,
    optimum: np.ndarray,
    resampling: Resampling,
    noise: DrawnNoise | None,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """What each resample is fitted to, log losses or losses as the problem has them; shape (count, rows).

    Parametric: the fitted value plus Gaussian noise of one size, of which the rows of a run share their part. Wild
    (Wu 1986, Liu 1988): the fitted value plus the residual times a random factor, after the residual was divided by
    1 - leverage, as MacKinnon & White's (1985) HC3 does, since the fit has drawn the law towards each run; where rows
    share runs, those of a run are restored together.
    """
    residuals = -problem.residuals(optimum[None])[0]
    fitted = problem.target - residuals
    if noise is not None:
        return fitted + noise.noise.draw(resampling.groups, rng, count)
    groups = int(resampling.groups.max()) + 1
    turned = factors(groups, count, rng, mammen=resampling.kind == "wild-mammen")[:, resampling.groups]
    if resampling.by:
        return fitted + restored(residuals, slopes_basis(problem, optimum), resampling.groups, power=1.0) * turned
    return fitted + residuals / (1 - leverages(problem, optimum)) * turned


def noise_within_runs(problem: Problem, x: np.ndarray, runs: np.ndarray) -> RunNoise:
    """Noise between and within runs by the residuals at x (p,); ``runs`` (rows,) numbers the run of each row."""
    return run_noise(problem.residuals(x[None])[0], slopes_basis(problem, x), runs, problem.weights)


def slopes_basis(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Orthonormal basis (rows, p) of the slopes at x (p,), times the root of the weights."""
    return basis(slopes_at(problem.model, x, log=problem.log), problem.weights)


def leverages(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Leverage of every row at x (p,), the diagonal of J (J'WJ)^-1 J'W, at most 0.95; shape (rows,)."""
    return np.minimum((slopes_basis(problem, x) ** 2).sum(1), _MOST_LEVERAGE)
