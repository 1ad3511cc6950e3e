"""Whether a law does better than one that it contains: an F test, and its bootstrap.

    F = 2 (F_small - F_large) / (q s^2),    q = parameters that the larger law has more

with the objectives of both and s^2, the smoothed scale of the larger law's residuals (`scalelaw.fit.scale`); for least
squares this is the classical F test, for Huber's function the robust drop-in-dispersion test (Schrader and
Hettmansperger 1980, Biometrika 67, 93).

The F distribution holds for independent runs and least squares. For Huber's function with a delta below the noise and a
few dozen runs it rejects too often, and for rows that are checkpoints of runs nearly always: there the test is a
bootstrap, which draws new tables from the smaller law and refits both. Its errors are residuals of the larger law, for
checkpoints those of whole runs (`scalelaw.fit.comparing.null_errors`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.null_errors import errors_of_rows, errors_of_runs
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.resampling import refit
from scalelaw.fit.resampling.losses import slopes_basis
from scalelaw.fit.run_effects import restored
from scalelaw.fit.scale import smoothed_scale

REFITS = 399
"""New tables of a bootstrap that nobody asked for: p is a multiple of 1/400."""
BY_F = "F distribution"
_EXACT = 1e6
"""Residuals, in units of rounding, up to which the runs lie on the smaller law and a larger one has nothing to add."""
_FEWEST_RUNS = 6


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
        Chance of a statistic as large under the smaller law, by what ``p_by`` says.
    p_by : str
        The F distribution, or how new tables were drawn.
    f_p : float
        The chance by the F distribution; NaN for rows that share runs, of which it says nothing.
    """

    df: int
    spare: int
    statistic: float
    p: float
    p_by: str
    f_p: float


def deviance_test(
    small: Entrant,
    large: Entrant,
    *,
    refits: int | None = None,
    rng: int | np.random.Generator | None = 0,
    strata: np.ndarray | None = None,
    runs: np.ndarray | None = None,
) -> Deviance:
    """Test a law against one that contains it, both fitted to the same rows.

    Parameters
    ----------
    small, large : Entrant
    refits : int, optional
        New tables for the bootstrap, 0 for the F distribution; by default 399, but 0 for least squares and independent
        rows.
    rng : int or numpy.random.Generator
    strata : array of int, shape (rows,), optional
        Rows whose errors the bootstrap exchanges have the same number; all of them by default.
    runs : array of int, shape (rows,), optional
        The run of each row, where rows are checkpoints of runs.

    Raises
    ------
    FitError
        If refits mean nothing, the larger law has no more parameters, no row is left to tell the noise from, or rows
        share runs of which there are fewer than 6, or for which the F distribution is asked.
    """
    df = large.problem.size - small.problem.size
    if df < 1:
        raise FitError(
            f"law {large.fit.law.name!r} has no more free parameters than {small.fit.law.name!r}, so there is no test"
        )
    count = _count(refits, large, runs)
    residuals = large.problem.residuals(large.optimum[None])[0]
    scale = smoothed_scale(large.problem, residuals, large.problem.size)
    words = _words(count, runs)
    if np.abs(small.problem.residuals(small.optimum[None])).max() <= _EXACT * small.problem.rounding:
        return Deviance(df, scale.dof, 0.0, 1.0, words, 1.0 if runs is None else float("nan"))
    drop = max(small.fit.objective - large.fit.objective, 0.0)
    statistic = float(2 * drop / (df * scale.variance))
    from scipy.special import fdtrc

    f_p = float(fdtrc(df, scale.dof, statistic)) if runs is None else float("nan")
    if not count:
        return Deviance(df, scale.dof, statistic, f_p, words, f_p)
    generator = np.random.default_rng(rng)
    if runs is None:
        errors = errors_of_rows(-residuals * np.sqrt(len(residuals) / scale.dof), strata, count, generator)
    else:
        whole = restored(-residuals, slopes_basis(large.problem, large.optimum), runs, power=1.0)
        errors = errors_of_runs(whole, runs, strata, large.fit.table, count, generator)
    return Deviance(df, scale.dof, statistic, _share(small, large, errors), words, f_p)


def _count(refits: int | None, large: Entrant, runs: np.ndarray | None) -> int:
    """The number of new tables."""
    if refits is not None and (not isinstance(refits, (int, np.integer)) or refits < 0):
        raise FitError(f"refits must be a whole number of new tables, 0 for the F distribution, not {refits!r}")
    if runs is None:
        needed = large.fit.settings.loss != "squared"
        return (REFITS if needed else 0) if refits is None else refits
    groups = int(runs.max()) + 1
    if groups < _FEWEST_RUNS:
        raise FitError(
            f"the rows are checkpoints of {groups} runs, too few to tell what the rows of a run share; a test needs at "
            f"least {_FEWEST_RUNS} runs"
        )
    if refits == 0:
        raise FitError(
            "rows of one run are not independent, and the F distribution takes them to be; leave refits=0 out for a "
            "bootstrap of whole runs"
        )
    return REFITS if refits is None else refits


def _words(count: int, runs: np.ndarray | None) -> str:
    if not count:
        return BY_F
    errors = "residuals" if runs is None else f"residuals of {int(runs.max()) + 1} whole runs"
    return f"{count} new tables of the smaller law with {errors}"


def _share(small: Entrant, large: Entrant, errors: np.ndarray) -> float:
    """Share of new tables (B, rows) under the smaller law whose objectives differ, relatively, as much."""
    expected = small.problem.residuals(small.optimum[None])[0] + small.problem.target
    targets = expected + errors
    _, narrow, _ = refit(small.problem, small.optimum, targets=targets)
    # the larger law holds the smaller one, whose optimum of every new table is where it may begin
    _, wide, _ = refit(large.problem, large.optimum, targets=targets)
    observed = small.fit.objective / large.fit.objective
    return float((1 + (narrow / wide >= observed * (1 - 1e-12)).sum()) / (1 + len(errors)))
