"""The noise of simulated runs: like that of the runs at hand, checkpoints of a run sharing theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.noise import residual_noise
from scalelaw.fit.reopened import Reopened
from scalelaw.fit.resampling import numbered
from scalelaw.fit.resampling.losses import leverages, noise_within_runs, slopes_basis
from scalelaw.fit.run_effects import RunNoise, members_along, restored, stretched

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

Draw = Callable[[int, np.random.Generator], np.ndarray]
"""Errors of a data set of so many runs, in the space of the fit."""
NOISES = ("auto", "replicates", "residuals", "gaussian")


@dataclass(frozen=True, eq=False)
class DesignNoise:
    """Noise of simulated runs and, in ``words``, what it is."""

    draw: Draw
    words: str


def gaussian(rows: int, rng: np.random.Generator, *, sd: float) -> np.ndarray:
    """Gaussian errors, shape (rows,)."""
    return sd * rng.standard_normal(rows)


def gaussian_of_runs(rows: int, rng: np.random.Generator, *, noise: RunNoise, runs: np.ndarray) -> np.ndarray:
    """Gaussian errors (rows,) of which rows of a run share a part; ``runs`` numbers the run of each row."""
    return noise.draw(runs[:rows], rng)


def smoothed(rows: int, rng: np.random.Generator, *, errors: np.ndarray) -> np.ndarray:
    """Errors drawn from others (m,) and smoothed, shape (rows,).

    Smoothed, since residuals that are exactly 0 would come back as ties; shrunk, to keep their variance.
    """
    width = 1.06 * len(errors) ** -0.2 * float(np.quantile(np.abs(errors), 0.68))
    shrink = (1 + (width / errors.std()) ** 2) ** -0.5
    return (rng.choice(errors, rows) + width * rng.standard_normal(rows)) * shrink


def whole_runs(rows: int, rng: np.random.Generator, *, errors: np.ndarray, members: Sequence[np.ndarray]) -> np.ndarray:
    """Errors (rows,): each run gets those of a run drawn at random, stretched to its length, or their negative.

    ``members`` holds the rows of each run, first checkpoint first.
    """
    drawn = np.empty(rows)
    for own in members:
        path = errors[members[int(rng.integers(len(members)))]]
        drawn[own] = rng.choice((-1.0, 1.0)) * stretched(path, len(own))
    return drawn


def design_noise(fit: Fit, kind: str | Draw) -> DesignNoise:
    """The noise to simulate.

    Raises
    ------
    FitError
        If the kind is unknown, or replicates are asked for and the fitted table had none.
    """
    if callable(kind):
        return DesignNoise(kind, "noise given as a function")
    if kind not in NOISES:
        raise FitError(f"noise is one of {', '.join(NOISES)}, or a function of rows and a generator, not {kind!r}")
    if kind == "replicates" and fit.noise is None:
        raise FitError("the fitted runs have no replicate seeds; use noise='residuals'")
    names = fit.checkpoints_of
    if fit.noise is not None and names is None and kind in ("replicates", "auto"):
        return DesignNoise(partial(gaussian, sd=fit.noise.sd), f"Gaussian {fit.noise.describe()}")
    reopened = Reopened.of(fit)
    if names is not None:
        runs = numbered(names)
        return _gaussian_of_runs(reopened, runs, kind) if kind in ("gaussian", "replicates") else _paths(reopened, runs)
    errors = -reopened.residuals / np.sqrt(1 - leverages(reopened.problem, reopened.optimum))
    if kind == "gaussian":
        size = residual_noise(reopened.residuals, reopened.problem.size, fit.weights, log=fit.settings.log)
        return DesignNoise(partial(gaussian, sd=size.sd), f"Gaussian {size.describe()}")
    words = f"the fit's residuals, drawn with replacement and smoothed (standard deviation {errors.std():.3g})"
    return DesignNoise(partial(smoothed, errors=errors - errors.mean()), words)


def _gaussian_of_runs(reopened: Reopened, runs: np.ndarray, kind: str) -> DesignNoise:
    """Gaussian noise of checkpoints, of the size of replicates or of the residuals, of which those of a run share."""
    fit, noise = reopened.fit, noise_within_runs(reopened.problem, reopened.optimum, runs)
    size = f"noise of the residuals' size, {noise.total:.3g}"
    if kind == "replicates" and fit.noise is not None:
        noise, size = noise.of_size(fit.noise.sd), fit.noise.describe()
    return DesignNoise(partial(gaussian_of_runs, noise=noise, runs=runs), f"Gaussian {size}, {noise.describe()}")


def _paths(reopened: Reopened, runs: np.ndarray) -> DesignNoise:
    """The residuals of whole runs, restored to what they would be had the fit not been drawn to each run."""
    fit = reopened.fit
    errors = restored(-reopened.residuals, slopes_basis(reopened.problem, reopened.optimum), runs)
    members = members_along(runs, fit.table)
    words = (
        f"the fit's residuals, drawn for a whole run at a time and with a random sign, of {len(members)} runs "
        f"(standard deviation {errors.std():.3g})"
    )
    return DesignNoise(partial(whole_runs, errors=errors, members=members), words)
