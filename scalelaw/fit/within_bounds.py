"""The search under bounds: first without them, then with what oversteps held at its bound, then within them.

A bound takes its parameter out of the closed form and out of the scaling of columns, which makes a search harder. But
bounds that contain the optimum change nothing about it, and bounds that cut it off leave an optimum at their edge; both
are found by searches that do not know the bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scalelaw.errors import FitError, LawError
from scalelaw.fit.design import check_design
from scalelaw.fit.model import Model, build
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import Reduced, reduce_law
from scalelaw.fit.settings import Settings
from scalelaw.fit.solve import Solution, solve
from scalelaw.fit.starts import some_points
from scalelaw.runs import Columns

_THOROUGH: dict[str, Any] = {"starts": 32, "per_axis": 24, "scattered": 2048, "race": None}
_EQUAL = 1e-9


@dataclass(frozen=True, eq=False)
class Search:
    """The free parameters of a law on given runs, to be searched for."""

    reduced: Reduced
    model: Model
    columns: Columns
    weights: np.ndarray | None

    @classmethod
    def of(cls, reduced: Reduced, columns: Columns, weights: np.ndarray | None) -> Search:
        return cls(reduced, build(reduced.law, columns), columns, weights)

    def problem(self, settings: Settings) -> Problem:
        return settings.problem(self.model, self.columns["loss"], self.weights)

    def run(self, settings: Settings, guesses: np.ndarray | None = None) -> Solution:
        """The best minimum within the bounds of the settings; ``guesses`` (m, p) are further starts."""
        if not settings.bounds:
            return self._searched(settings, guesses)
        free = self._without_bounds(settings, guesses)
        if free is not None and self._contains(settings, free):
            here = self._placed(settings, free)
            if here is not None:
                return here
        edge = None if free is None else self._at_the_edge(settings, free)
        starts = [each.theta[None] for each in (free, edge) if each is not None and np.isfinite(each.theta).all()]
        found = self._searched(settings, _stacked(guesses, *starts))
        if edge is None or (found.convergence.converged and found.value <= edge.value):
            return found
        return edge if edge.convergence.converged else found

    def _searched(self, settings: Settings, guesses: np.ndarray | None) -> Solution:
        law, problem = self.reduced.law, self.problem(settings)
        solution = solve(law, problem, guesses=guesses)
        if settings.thorough:
            solution = solve(law, problem, guesses=_stacked(guesses, solution.theta[None]), **_THOROUGH)
        low, high = np.array([law.bound(name) for name in law.parameters]).T
        return replace(solution, theta=np.clip(solution.theta, low, high))  # a logarithm's rounding may overstep

    def _without_bounds(self, settings: Settings, guesses: np.ndarray | None) -> Solution | None:
        """The best minimum within the law's own bounds; None where the law cannot be called everywhere there."""
        loose = replace(settings, bounds={})
        try:
            return self._with(loose).run(loose, guesses)
        except LawError:
            return None

    def _with(self, settings: Settings) -> Search:
        return Search.of(reduce_law(self.reduced.full, settings), self.columns, self.weights)

    def _contains(self, settings: Settings, free: Solution) -> bool:
        """Whether the bounds hold the minimum that was found without them, and nothing that was not searched."""
        if not free.convergence.converged:
            return False
        values = dict(zip(self.reduced.law.parameters, free.theta, strict=True))
        for name, (low, high) in _bounds(self.reduced, settings).items():
            first, last = self.reduced.full.bound(name)
            if not (first <= low <= values[name] <= high <= last):
                return False
        return True

    def _placed(self, settings: Settings, free: Solution) -> Solution | None:
        """A minimum in the coordinates that the bounds ask for; None where it has no place there."""
        problem = self.problem(settings)
        with np.errstate(all="ignore"):
            x = np.clip(problem.model.coordinates.from_parameters(free.theta), problem.lower, problem.upper)
            value = float(problem.values(x[None])[0])
        reached = abs(value - free.value) <= _EQUAL * free.value + problem.model.rows * problem.rounding**2
        return replace(free, x=x, value=value) if np.isfinite(x).all() and reached else None

    def _at_the_edge(self, settings: Settings, free: Solution) -> Solution | None:
        """The best minimum with what overstepped held at its bound, None where it has no place within the bounds."""
        names = self.reduced.law.parameters
        bounds = _bounds(self.reduced, settings)
        held = {}
        for name, value in zip(names, free.theta, strict=True):
            low, high = bounds.get(name, (-np.inf, np.inf))
            if not low <= value <= high:
                held[name] = low if value < low else high
        if not held or len(held) == len(names):
            return None
        left = {name: bound for name, bound in bounds.items() if name not in held}
        pinned = replace(settings, fixed={**settings.fixed, **held}, bounds=left)
        search = self._with(pinned)
        best = search.run(pinned)
        values = {**dict(zip(search.reduced.law.parameters, best.theta, strict=True)), **held}
        whole = self._placed(settings, replace(best, theta=np.array([values[name] for name in names])))
        return None if whole is None else self._judged(settings, whole, held)

    def _judged(self, settings: Settings, edge: Solution, held: Mapping[str, float]) -> Solution:
        """The same, converged only if the objective falls towards the outside at every bound at which it is held.

        The corners of absolute deviations have no gradient to tell that by; there the search within the bounds, which
        starts from here too, is what has found nothing lower.
        """
        problem, names = self.problem(settings), self.reduced.law.parameters
        with np.errstate(all="ignore"):
            gradient = problem.moments(edge.x[None], problem.weights, problem.delta).gradient[0]
        places = [names.index(name) for name in held]
        outward = np.where(edge.x[places] <= problem.lower[places], -1.0, 1.0)
        there = problem.sharp or bool((outward * gradient[places] <= 0).all())
        bound = tuple(name for name in names if name in held or name in edge.convergence.at_bounds)
        evidence = replace(edge.convergence, converged=edge.convergence.converged and there, at_bounds=bound)
        return replace(edge, convergence=evidence)


def check_runs(search: Search, settings: Settings) -> None:
    """Refuse runs, those of weight 0 left out, that cannot determine the law, be it with its bounds or without.

    Raises
    ------
    FitError
    """
    columns, weights = search.columns, search.weights
    if weights is not None and not weights.all():
        columns = {name: values[weights > 0] for name, values in columns.items()}

    def check(reduced: Reduced) -> None:
        check_design(reduced.law, build(reduced.law, columns), columns, some_points(reduced.law))

    try:
        check(search.reduced)
    except FitError:
        # within the bounds the points that are looked at may all lie where a parameter does not matter
        if not settings.bounds:
            raise
        check(reduce_law(search.reduced.full, replace(settings, bounds={})))


def _bounds(reduced: Reduced, settings: Settings) -> dict[str, tuple[float, float]]:
    """The bounds that were given for free parameters."""
    return {name: bound for name, bound in settings.bounds.items() if name in reduced.law.parameters}


def _stacked(*several: np.ndarray | None) -> np.ndarray | None:
    known = [each for each in several if each is not None]
    return np.vstack(known) if known else None
