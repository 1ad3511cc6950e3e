"""The best N and D for one budget, as functions of parameter sets: what a derived quantity is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.allocation.exponents import exponents_at, middle_budget
from scalelaw.analysis.allocation.problem import Problem

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


@dataclass(frozen=True)
class Best:
    """The best N for a budget C with P streams; its methods take parameter sets (sets, parameters) to (sets,)."""

    problem: Problem
    budget: float
    streams: float

    @classmethod
    def of(cls, fit: Fit, C: float | None, P: float, other_columns: Mapping[str, Any]) -> Best:
        """That of a fit, its options read; the budget of the middle of the runs unless one is given."""
        problem = Problem.of(fit, None, other_columns, what="an optimum for a budget")
        return cls(problem, float(middle_budget(fit)[0]) if C is None else C, P)

    @property
    def at(self) -> dict[str, float]:
        """What it is the best at: C, and P and what else the law reads."""
        streams = {"P": self.streams} if "P" in self.problem.law.columns else {}
        return {"C": self.budget, **streams, **self.problem.held}

    def parameters(self, theta: np.ndarray) -> np.ndarray:
        """N*."""
        budget = np.full((len(theta), 1), self.budget)
        return self.problem.best(theta, budget, np.array([self.streams]))[:, 0]

    def tokens(self, theta: np.ndarray) -> np.ndarray:
        """D* = C / (6 N* P)."""
        return self.budget / (6 * self.streams) / self.parameters(theta)

    def exponent_a(self, theta: np.ndarray) -> np.ndarray:
        """a of N*(C) ~ C^a."""
        return self._exponents(theta)[0]

    def exponent_b(self, theta: np.ndarray) -> np.ndarray:
        """b of D*(C) ~ C^b."""
        return self._exponents(theta)[1]

    def _exponents(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a, b, _ = exponents_at(self.problem, theta, np.array([self.budget]), np.array([self.streams]))
        return a[:, 0], b[:, 0]
