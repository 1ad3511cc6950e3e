"""The best model for a budget under a law: N and D for given C and P, under many parameter sets at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.allocation.closed import optimal_parameters, two_terms
from scalelaw.analysis.allocation.flops import Flops
from scalelaw.analysis.allocation.minimum import minimise, reach
from scalelaw.analysis.columns import held_columns, need_columns, read_values
from scalelaw.analysis.root import solve_decreasing
from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.degenerate import require_column
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

VARIED = ("N", "P", "D", "C")
_EDGE = 1e-6


@dataclass(frozen=True)
class Problem:
    """A law, what a run costs, and what bounds it.

    Parameter sets have shape (sets, parameters), streams P (rows,), budgets C (rows,) or (sets, rows); what comes out
    has shape (sets, rows). A bound on tokens caps D: the rest of the budget buys parameters, or is left.
    """

    law: Law
    flops: Flops = field(default_factory=Flops)
    held: Mapping[str, float] = field(default_factory=dict)
    N_max: float = np.inf
    D_max: float = np.inf

    @classmethod
    def of(
        cls,
        fit: Fit,
        flops: str | Callable[..., Any] | None,
        other_columns: Mapping[str, Any],
        *,
        N_max: Any = None,
        D_max: Any = None,
        what: str = "allocation",
    ) -> Problem:
        """The problem of a fit, its options read.

        Raises
        ------
        FitError
            If the law lacks N or D, the fitted loss does not depend on one of them, or an option means nothing.
        """
        need_columns(fit, "N", "D", what=what)
        require_column(fit, "N", "D", what=what)
        limits = [np.inf if given is None else _one(name, given) for name, given in (("N", N_max), ("D", D_max))]
        return cls(fit.law, Flops.of(flops), held_columns(fit, VARIED, other_columns), *limits)

    def tokens(self, N: Any, C: Any, P: Any) -> Any:
        """D that is left for N parameters."""
        return np.minimum(self.flops.tokens(C, N, P), self.D_max)

    def losses(self, theta: np.ndarray, N: Any, C: Any, P: Any) -> np.ndarray:
        """Losses of N parameters trained for the rest of the budget."""
        columns = {"N": N, "P": P, "D": self.tokens(N, C, P), "C": C, **self.held}
        return law_losses(self.law, {name: np.asarray(columns[name]) for name in self.law.columns}, theta)

    def span(self, C: np.ndarray, P: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logarithms of the smallest and the largest N looked at, in the shape of C: one parameter, and one token."""
        high = np.log(np.clip(self.flops.parameters(C, P, 1.0), 1e-3, min(self.N_max, 1e30)))
        return np.minimum(0.0, high - 1.0), high

    def best(self, theta: np.ndarray, C: np.ndarray, P: np.ndarray) -> np.ndarray:
        """N of least loss; 0 or infinite where the law has no optimum in between."""
        terms = two_terms(self.law, theta, P) if self.flops.fn is None else None
        # fewer parameters than see all tokens there are would leave compute unspent
        least = np.minimum(self.flops.parameters(C, P, self.D_max) if self.D_max < np.inf else 0.0, self.N_max)
        if terms is not None:
            return np.clip(optimal_parameters(terms, C, P), least, self.N_max)
        x, low, high = self._search(theta, C, P, least)
        at_bottom = (x <= low + _EDGE) & (np.exp(low) > least * (1 + _EDGE))
        at_top = (x >= high - _EDGE) & (np.exp(high) < self.N_max * (1 - _EDGE))
        N = np.minimum(np.maximum(np.exp(x), least), self.N_max)
        return np.where(at_bottom, 0.0, np.where(at_top, np.inf, N))

    def _search(
        self, theta: np.ndarray, C: np.ndarray, P: np.ndarray, least: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Logarithm of the N of least loss, and of the ends of where it was looked for."""
        low, high = self.span(C, P)
        with np.errstate(divide="ignore"):
            ends = np.clip(np.log(least), low, high), high
        low, high = (np.broadcast_to(end, (len(theta), len(P))) for end in ends)
        return minimise(lambda x: self.losses(theta, np.exp(x), C, P), low, high), low, high

    def best_loss(self, theta: np.ndarray, C: np.ndarray, P: np.ndarray) -> np.ndarray:
        """Loss at the best N; NaN where there is none."""
        N = self.best(theta, C, P)
        possible = np.isfinite(N) & (N > 0)
        return np.where(possible, self.losses(theta, np.where(possible, N, 1e9), C, P), np.nan)

    def near_best(
        self, theta: np.ndarray, N: np.ndarray, C: np.ndarray, P: np.ndarray, epsilon: float, *, largest: bool
    ) -> np.ndarray:
        """Smallest or largest N around the best whose loss is at most 1 + epsilon times the best."""
        possible = np.isfinite(N) & (N > 0)
        best = np.log(np.where(possible, N, 1.0))
        outside = np.broadcast_to(self.span(C, P)[largest], N.shape)
        target = (1 + epsilon) * self.losses(theta, np.exp(best), C, P)
        end = reach(lambda x: self.losses(theta, np.exp(x), C, P), target, best, outside)
        return np.where(possible, np.minimum(np.exp(end), self.N_max), N)

    def least_compute(self, theta: np.ndarray, loss: np.ndarray, P: np.ndarray, start: float) -> np.ndarray:
        """C at which the best loss reaches a target, shape (sets, rows); infinite where no budget does."""
        target = np.array(np.broadcast_to(loss, (len(theta), len(loss))), dtype=float)

        def least(C: np.ndarray) -> np.ndarray:
            if self.flops.fn is None and two_terms(self.law, theta[:1], P) is not None:
                return self.best_loss(theta, C, P)
            # where nothing more is to be had from N or D the optimum has no place, but its loss still tells the floor
            x, _, _ = self._search(theta, C, P, np.zeros(1))
            return self.losses(theta, np.exp(x), C, P)

        return solve_decreasing(least, target, start)


def _one(name: str, given: Any) -> float:
    values = read_values(name, given)
    if len(values) != 1:
        raise FitError(f"{name}_max is one number, not {given!r}")
    return float(values[0])
