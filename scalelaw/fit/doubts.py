"""Why not to believe an interval that assumes independent noise of one size, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.intervals import WITHOUT_DRAWS
from scalelaw.fit.resampling import numbered

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_RUNS_A_PARAMETER = 20
_FEW_TO_DRAW = 10
"""Clusters below which an interval that draws them whole hangs on a handful of numbers, however much it is widened."""
_UNEVEN = 1.3
"""Robust errors this many times the plain ones say that the noise is not of one size."""


def doubts_of(fit: Fit, kind: str) -> tuple[str, ...]:
    """Doubts about intervals of a kind."""
    from scalelaw.fit.covariance import covariance

    if kind not in WITHOUT_DRAWS:
        return doubts_of_draws(fit)
    if kind == "profile":
        return doubts_of_profile(fit, fit.rows - len(fit.free))
    return covariance(fit, robust=kind == "robust").doubts


def doubts_of_draws(fit: Fit) -> tuple[str, ...]:
    """Doubts about intervals by a bootstrap: whether it parted the rows of a run, and had enough runs to draw."""
    draws, names = fit.draws, fit.checkpoints_of
    if draws is None:
        return ()
    if names is not None and _parts_runs(fit, numbered(names)):
        return (
            f"the {fit.rows} rows are checkpoints of {fit.independent_runs} runs, and this bootstrap takes them "
            "to be independent, so its intervals are too narrow by far: resample='auto' draws whole runs",
        )
    drawn = len(set(map(str, fit.table[draws.by]))) if draws.by in fit.table else _FEW_TO_DRAW
    if draws.by and not draws.kind.endswith("stratified") and drawn < _FEW_TO_DRAW:
        return (
            f"the table has {drawn} values of {draws.by}, so few that intervals may not hold what they promise: "
            "`calibration` measures it",
        )
    return ()


def _parts_runs(fit: Fit, runs: np.ndarray) -> bool:
    """Whether the resamples took rows of one run apart."""
    draws = fit.draws
    assert draws is not None
    if not draws.by or draws.kind.endswith("stratified"):
        return True
    if draws.by not in fit.table:  # a column that the fit does not keep
        return False
    pairs = np.column_stack([runs, numbered(fit.table[draws.by])])
    return len(np.unique(pairs, axis=0)) > int(runs.max()) + 1


def doubts_of_normal(fit: Fit, dof: int) -> tuple[str, ...]:
    """Doubts about a normal interval by the covariance; ``dof`` are the degrees of freedom of the scale."""
    held = fit.convergence.at_bounds
    known = (
        f"{', '.join(held)} {'is' if len(held) == 1 else 'are'} at a bound and taken as known, which no normal "
        "distribution describes; use the bootstrap"
    )
    return (*([known] if held else []), *few_runs(fit, dof), *dependent_rows(fit))


def doubts_of_profile(fit: Fit, dof: int) -> tuple[str, ...]:
    """Doubts about an interval by profile, which describes a bound but assumes the same of the noise."""
    from scalelaw.errors import FitError
    from scalelaw.fit.covariance import covariance

    doubts = (*few_runs(fit, dof), *dependent_rows(fit))
    if doubts:
        return doubts
    try:
        return tuple(each for each in covariance(fit).doubts if "at a bound" not in each)
    except FitError:  # a direction that the runs leave open: the profile says so itself, by having no end
        return ()


def few_runs(fit: Fit, dof: int) -> tuple[str, ...]:
    """A doubt where the density of the residuals is known from too few of them."""
    from scalelaw.fit.bootstrap import SPARE

    runs = dof + len(fit.free)
    if fit.settings.loss == "squared" or runs >= _RUNS_A_PARAMETER * len(fit.free):
        return ()
    what = "runs" if fit.checkpoints_of is None else "rows"
    cure = "use the bootstrap" if dof >= SPARE else "add runs"
    return (
        f"{runs} {what} for {len(fit.free)} parameters are too few for a density to be estimated from: intervals come "
        f"out too narrow; {cure}",
    )


def dependent_rows(fit: Fit) -> tuple[str, ...]:
    """A doubt where rows share a run."""
    clustered = fit.draws is not None and fit.draws.kind.endswith("cluster")
    if not clustered and fit.checkpoints_of is None:
        return ()
    by = fit.draws.by if clustered and fit.draws is not None else "run"
    return (f"rows of one {by} are not independent, and this takes them to be; use the bootstrap",)


def uneven_noise(fit: Fit, plain: np.ndarray, robust: np.ndarray) -> tuple[str, ...]:
    """A doubt where a covariance that allows for uneven noise has much larger errors than a plain one."""
    with np.errstate(all="ignore"):
        ratios = np.nan_to_num(np.sqrt(np.diag(robust) / np.diag(plain)))
    if ratios.max() <= _UNEVEN:
        return ()
    worst = fit.law.parameters[int(ratios.argmax())]
    return (
        f"the noise differs from run to run: errors that allow for it are up to {ratios.max():.1f} times these (of "
        f"{worst}); use the robust covariance or the bootstrap",
    )
