"""A fitted law, refitted to parts and resamples of its runs in one batch, and what the refits say of all runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.fit.bootstrap import refit
from scalelaw.fit.calling import law_losses
from scalelaw.fit.identified import identified
from scalelaw.fit.model import build
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import Reduced, reduce_law
from scalelaw.fit.result import Fit


@dataclass(frozen=True, eq=False)
class Refits:
    """Optima x (B, p) in the solver's coordinates, parameters theta (B, parameters), and whether each converged."""

    x: np.ndarray
    theta: np.ndarray
    converged: np.ndarray


@dataclass(frozen=True, eq=False)
class Entrant:
    """A fitted law, ready to be refitted under other weights of the same runs."""

    fit: Fit
    reduced: Reduced
    problem: Problem
    optimum: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> Entrant:
        reduced = reduce_law(fit.law, fit.settings)
        columns = {name: np.asarray(values, dtype=float) for name, values in fit.columns.items()}
        problem = fit.settings.problem(build(reduced.law, columns), columns["loss"], fit.weights)
        optimum = problem.model.coordinates.from_parameters(reduced.contract(fit.params))
        return cls(fit, reduced, problem, optimum)

    @property
    def base(self) -> np.ndarray:
        """The weights of the fit, shape (rows,)."""
        return np.ones(self.fit.rows) if self.fit.weights is None else self.fit.weights

    def determined(self, weights: np.ndarray, *, spare: int = 0) -> np.ndarray:
        """Whether the rows of positive weight determine the parameters, for weights (B, rows); shape (B,)."""
        return identified(self.problem, self.optimum, weights, spare=spare)

    def refit(self, weights: np.ndarray, *, start: np.ndarray | None = None, search: bool = False) -> Refits:
        """Refit under weights (B, rows), from the fit or another start (p,); ``search`` gives each a start grid."""
        start = self.optimum if start is None else start
        own = self.reduced.law if search else None
        x, _, converged = refit(self.problem, start, weights, own_grid=own)
        return Refits(x, self.reduced.expand(self.problem.model.coordinates.to_parameters(x)), converged)

    def losses(self, theta: np.ndarray) -> np.ndarray:
        """What parameter sets (B, parameters) say of every run, shape (B, rows)."""
        return law_losses(self.fit.law, self.fit.columns, theta)
