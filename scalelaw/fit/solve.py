"""The global solve: grid, polish, and the evidence that the optimum was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scalelaw.fit.continuation import corner, descend
from scalelaw.fit.newton import Minima
from scalelaw.fit.objective import Moments, Problem
from scalelaw.fit.starts import choose_starts, grid_minima, project, start_grid, twins
from scalelaw.laws.grouped import GroupedFunction
from scalelaw.laws.law import Law

SAME = 1e-9
"""Two minima whose objectives differ by less, relatively, are the same minimum."""
_ALIKE = 1e5
"""Condition number of the Hessian above which two terms of a law may have changed places."""
_STARTS, _PER_AXIS, _RACE, _POLISHING = 12, 14, 4, 2


@dataclass(frozen=True)
class Convergence:
    """Proof of convergence: what was searched, what agreed, and how the optimum looks.

    Attributes
    ----------
    converged : bool
        The best start met the stopping rule: Newton's model promises a decrease below 1e-13 of the objective.
    starts, finished, agreed : int
        Starts polished; of these, run to their own end (the rest were stopped once the best had converged and they
        lay above it); of these, ended at the best minimum.
    grid_points, grid_minima : int
        Points of the start grid and how many of them were lower than all their neighbours (0 for scattered points).
    other_minima : tuple of float
        Objectives of the next best distinct minima, relative to the best: 0.03 is 3 % higher.
    gradient : float
        Largest component of the gradient of the objective in the solver's coordinates, over the objective.
    condition : float
        Condition number of the Hessian, scaled to a unit diagonal, of the parameters that are not at a bound.
    at_bounds : tuple of str
        Parameters that ended at a bound.
    flat : tuple of str
        Parameters that can be moved together without changing the objective (condition above 1e12).
    iterations : int
        Newton steps of the best start.
    exact_derivatives : bool
        Whether the law was traced into exact derivatives.
    """

    converged: bool
    starts: int
    finished: int
    agreed: int
    grid_points: int
    grid_minima: int
    other_minima: tuple[float, ...]
    gradient: float
    condition: float
    at_bounds: tuple[str, ...]
    flat: tuple[str, ...]
    iterations: int
    exact_derivatives: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Solution:
    """The optimum x (p,) in the solver's coordinates, the law's parameters theta (p,), and the proof."""

    x: np.ndarray
    theta: np.ndarray
    value: float
    convergence: Convergence


def solve(
    law: Law,
    problem: Problem,
    *,
    guesses: np.ndarray | None = None,
    starts: int = _STARTS,
    per_axis: int = _PER_AXIS,
    scattered: int = 256,
    race: int | None = _RACE,
) -> Solution:
    """Minimise the problem globally: grid with the amplitudes solved for, best points polished together.

    ``guesses`` (m, p) are further starts in the law's own parameters.
    """
    grid = start_grid(law, per_axis=per_axis, scattered=scattered)
    points, values = project(problem, grid)
    local = grid_minima(values, grid.shape)
    if grid.shape is None:
        starts *= 2  # scattered points show no basins, so more of them are followed
    chosen = points[choose_starts(values, local, starts)]
    if isinstance(law.fn, GroupedFunction):
        from scalelaw.fit.grouping.starts import separate_starts

        chosen = np.concatenate([separate_starts(problem, solve), chosen])
    if guesses is not None:
        chosen = np.concatenate([chosen, problem.model.coordinates.from_parameters(guesses)])
    minima = descend(problem, chosen, race=race).sorted()
    minima = _with_twins(law, problem, minima)
    with np.errstate(all="ignore"):
        x, value, moments = _polish(problem, minima)
        if problem.sharp and minima.converged[0]:
            x = corner(problem, x)
    evidence = _evidence(law, problem, minima, x, moments, len(values), len(local) if grid.shape else 0)
    return Solution(x, problem.model.coordinates.to_parameters(x), value, evidence)


def _with_twins(law: Law, problem: Problem, minima: Minima) -> Minima:
    """The minima, and those found from the best one's twins where the runs hardly tell two terms apart.

    Where N and D nearly grow together, the terms can change places at little cost, and each arrangement has a minimum
    at the end of a valley too thin for the grid.
    """
    if not minima.converged[0]:
        return minima
    with np.errstate(all="ignore"):
        hessian = problem.moments(minima.x[:1], problem.weights, problem.delta).hessian[0]
    free = np.flatnonzero(~_held(problem, minima.x[0]))
    if not _conditioning(hessian[np.ix_(free, free)])[0] > _ALIKE:
        return minima
    grid = twins(law, minima.x[0])
    if not len(grid.points):
        return minima
    return minima.join(descend(problem, project(problem, grid)[0])).sorted()


def _held(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Coordinates that are at a bound."""
    return (x <= problem.lower) | (x >= problem.upper)


def _polish(problem: Problem, minima: Minima) -> tuple[np.ndarray, float, Moments]:
    """The best minimum after plain Newton steps, which fix the parameters of a flat valley to the last digits.

    The search stops when the objective cannot fall any more, and a parameter may then still be 1e-6 away.
    """
    x, value = minima.x[0], float(minima.value[0])
    moments = problem.moments(x[None], problem.weights, problem.delta)
    for _ in range(_POLISHING if minima.converged[0] else 0):
        free = np.flatnonzero(~_held(problem, x))
        step = np.zeros_like(x)
        try:
            step[free] = np.linalg.solve(moments.hessian[0][np.ix_(free, free)], -moments.gradient[0][free])
        except np.linalg.LinAlgError:
            break
        trial = np.clip(x + step, problem.lower, problem.upper)
        new = problem.moments(trial[None], problem.weights, problem.delta)
        if not new.value[0] <= value * (1 + 1e-14) or np.abs(step).max(initial=0.0) > 1e-2:
            break
        x, value, moments = trial, float(new.value[0]), new
    return x, value, moments


def _evidence(
    law: Law, problem: Problem, minima: Minima, x: np.ndarray, moments: Moments, grid_points: int, local: int
) -> Convergence:
    value = minima.value[0]
    held = _held(problem, x)
    free = np.flatnonzero(~held)
    condition, flat = _conditioning(moments.hessian[0][np.ix_(free, free)])
    relative = minima.value / value - 1 if value > 0 else minima.value - value
    rows = problem.model.rows if problem.weights is None else problem.weights.sum()
    same = (relative <= SAME) | (minima.value <= rows * problem.rounding**2)
    others: list[float] = []
    for gap in relative[minima.converged & ~same & np.isfinite(relative)]:
        if all(abs(gap - other) > SAME * (1 + other) for other in others):
            others.append(float(gap))
    finite = bool(np.isfinite(value))
    return Convergence(
        converged=bool(minima.converged[0]),
        starts=len(minima.x),
        finished=int(minima.converged.sum()),
        agreed=int((minima.converged & same).sum()),
        grid_points=grid_points,
        grid_minima=local,
        other_minima=tuple(others[:4]),
        gradient=float(np.abs(moments.gradient[0][free]).max(initial=0.0) / value) if finite and value > 0 else 0.0,
        condition=condition,
        at_bounds=tuple(law.parameters[j] for j in np.flatnonzero(held)),
        flat=tuple(law.parameters[free[j]] for j in flat),
        iterations=int(minima.iterations[0]),
        exact_derivatives=problem.model.exact,
    )


def _conditioning(hessian: np.ndarray) -> tuple[float, tuple[int, ...]]:
    """Condition number of a Hessian with unit diagonal, and the coordinates of its flat direction, if it has one."""
    if not len(hessian):
        return 1.0, ()
    diagonal = np.diag(hessian)
    silent = np.flatnonzero(~(diagonal > 0))
    if len(silent):
        return float("inf"), tuple(int(j) for j in silent)
    scale = 1.0 / np.sqrt(diagonal)
    eigenvalues, vectors = np.linalg.eigh(hessian * scale[:, None] * scale)
    if eigenvalues[0] <= eigenvalues[-1] * 1e-12:
        direction = np.abs(vectors[:, 0])
        return float("inf"), tuple(int(j) for j in np.flatnonzero(direction > 0.05 * direction.max()))
    return float(eigenvalues[-1] / eigenvalues[0]), ()
