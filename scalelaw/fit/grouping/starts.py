"""Starts of a fit by groups: the optimum of each group alone, its shared parameters those of one group or another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fit.grouping.compiling import GroupedModel
from scalelaw.fit.model import build
from scalelaw.fit.objective import Problem
from scalelaw.fit.starts import Grid, project
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.solve import Solution


def separate_starts(problem: Problem, solve: Callable[[Law, Problem], Solution]) -> np.ndarray:
    """Coordinates (groups + 1, p): shared parameters as each group alone has them, and the mean of these.

    Where a shared exponent moves, the amplitudes no longer suit it, so they are solved for anew.
    """
    model = problem.model
    assert isinstance(model, GroupedModel)
    theta = np.full((len(model.parts), problem.size), np.nan)
    for place, (part, columns, rows) in enumerate(zip(model.parts, model.columns, model.members, strict=True)):
        alone = replace(
            problem,
            model=build(part.law, columns),
            target=problem.target[rows],
            weights=None if problem.weights is None else problem.weights[rows],
        )
        theta[place, part.places] = solve(part.law, alone).theta
    known = np.isfinite(theta)
    mean = np.where(known, theta, 0.0).sum(0) / known.sum(0)
    starts = np.vstack([np.where(known, theta, mean), mean])
    x = model.coordinates.from_parameters(starts)
    if not np.isfinite(x).all():
        x = x[np.isfinite(x).all(1)]
    return project(problem, Grid(x[:, model.coordinates.plan.nonlinear], None))[0] if len(x) else x
