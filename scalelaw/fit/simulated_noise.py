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
from scalelaw.fit.resampling.losses import leverages

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


def gaussian_of_runs(
    rows: int, rng: np.random.Generator, *, between: float, within: float, runs: np.ndarray
) -> np.ndarray:
    """Gaussian errors of which rows of a run share a part; ``runs`` numbers the run of each row."""
    return between * rng.standard_normal(int(runs.max()) + 1)[runs] + within * rng.standard_normal(rows)


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
        at = np.linspace(0.0, len(path) - 1.0, len(own))
        drawn[own] = rng.choice((-1.0, 1.0)) * np.interp(at, np.arange(len(path)), path)
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
    if fit.noise is not None and (kind == "replicates" or (kind == "auto" and names is None)):
        return DesignNoise(partial(gaussian, sd=fit.noise.sd), f"Gaussian {fit.noise.describe()}")
    reopened = Reopened.of(fit)
    errors = -reopened.residuals / np.sqrt(1 - leverages(reopened.problem, reopened.optimum))
    if names is not None:
        return _of_runs(fit, numbered(names), errors, gauss=kind == "gaussian")
    if kind == "gaussian":
        size = residual_noise(reopened.residuals, reopened.problem.size, fit.weights, log=fit.settings.log)
        return DesignNoise(partial(gaussian, sd=size.sd), f"Gaussian {size.describe()}")
    words = f"the fit's residuals, drawn with replacement and smoothed (standard deviation {errors.std():.3g})"
    return DesignNoise(partial(smoothed, errors=errors - errors.mean()), words)


def _of_runs(fit: Fit, runs: np.ndarray, errors: np.ndarray, *, gauss: bool) -> DesignNoise:
    """Noise of checkpoints, whose errors hang together within a run."""
    if gauss:
        between, within = _components(errors, runs)
        share = between**2 / ((between**2 + within**2) or 1.0)
        words = (
            f"Gaussian noise of the residuals' size, {np.hypot(between, within):.3g}, of whose variance the "
            f"checkpoints of a run share {100 * share:.0f} %"
        )
        return DesignNoise(partial(gaussian_of_runs, between=between, within=within, runs=runs), words)
    along = next((np.asarray(fit.table[name], dtype=float) for name in ("D", "step") if name in fit.table), None)
    order = np.arange(len(runs)) if along is None else np.argsort(along, kind="stable")
    members = [order[runs[order] == run] for run in range(int(runs.max()) + 1)]
    words = (
        f"the fit's residuals, drawn for a whole run at a time and with a random sign, of {len(members)} runs "
        f"(standard deviation {errors.std():.3g})"
    )
    return DesignNoise(partial(whole_runs, errors=errors, members=members), words)


def _components(errors: np.ndarray, runs: np.ndarray) -> tuple[float, float]:
    """Standard deviations between and within runs, by the analysis of variance of one random effect."""
    counts = np.bincount(runs)
    means = np.bincount(runs, errors) / counts
    spare = len(errors) - len(counts)
    within = float(((errors - means[runs]) ** 2).sum() / max(spare, 1))
    size = (len(errors) - (counts**2).sum() / len(errors)) / (len(counts) - 1)
    between = (float((counts * means**2).sum()) / (len(counts) - 1) - within) / size
    return max(between, 0.0) ** 0.5, within**0.5
