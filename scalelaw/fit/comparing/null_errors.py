"""Errors of new tables under a smaller law, made of the residuals of a larger one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scalelaw.fit.run_effects import members_along, stretched

_FEWEST = 4
"""A stratum of fewer runs exchanges errors with the others."""


def errors_of_rows(errors: np.ndarray, strata: np.ndarray | None, count: int, rng: np.random.Generator) -> np.ndarray:
    """Errors (count, rows) drawn from those of all rows (rows,), or of the rows of their stratum, about their mean."""
    strata = np.zeros(len(errors), int) if strata is None else strata
    drawn = np.empty((count, len(errors)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        drawn[:, members] = rng.choice(errors[members] - errors[members].mean(), (count, len(members)))
    return drawn


def errors_of_runs(
    errors: np.ndarray,
    runs: np.ndarray,
    strata: np.ndarray | None,
    table: Mapping[str, np.ndarray],
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Gaussian errors (count, rows) with the covariance that the errors of whole runs have along training.

    Each run gets a random mixture of the errors of all runs, or of those of its stratum,

        sum over runs j of z_j e_j / sqrt(runs),    z_j standard normal,

    whose covariance between two checkpoints is the mean over runs of the product of their errors, however these hang
    together: a part that all share, drift, memory. Errors are read along training (``D`` or ``step``, else the order
    of the rows), stretched to the length of the run that gets them.
    """
    members = members_along(runs, table)
    drawn = np.empty((count, len(errors)))
    for own, donors in zip(members, _donors(members, strata), strict=True):
        paths = np.stack([stretched(errors[members[donor]], len(own)) for donor in donors])
        drawn[:, own] = rng.standard_normal((count, len(paths))) @ paths / np.sqrt(len(paths))
    return drawn


def _donors(members: list[np.ndarray], strata: np.ndarray | None) -> list[np.ndarray]:
    """For every run, the runs whose errors it may get."""
    of = np.zeros(len(members), int) if strata is None else np.array([strata[own[0]] for own in members])
    if np.unique(of, return_counts=True)[1].min() < _FEWEST:
        of[:] = 0
    return [np.flatnonzero(of == each) for each in of]
