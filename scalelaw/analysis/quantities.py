"""The numbers that are derived from a law, each a function of parameter sets, for `scalelaw.interval_of` and profiles.

>>> import scalelaw as sl
>>> pile = sl.fit("parscale", sl.load("parscale-pile"), bootstrap=300, rng=0)
>>> found = sl.interval_of(pile, multiplier(pile, N="1.6B", P=8))
>>> print(f"{found.name} = {found.value:.2f}")
multiplier(N=1.6e+09, P=8) = 1.70
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.allocation.closed import two_terms
from scalelaw.analysis.allocation.problem import Problem
from scalelaw.analysis.closed import closed_form
from scalelaw.analysis.columns import held_columns, need_columns, read_values
from scalelaw.analysis.equivalence import equivalent_parameters
from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.quantity import Quantity, parameter
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

__all__ = [
    "Quantity",
    "exponent_a",
    "exponent_b",
    "multiplier",
    "n_equivalent",
    "optimal_d",
    "optimal_n",
    "parameter",
    "prediction",
    "read_quantity",
]

_STEP = 0.05
"""Half a difference in ln C; an exponent drifts slowly with the budget."""


def prediction(fit: Fit, **columns: Any) -> Quantity:
    """The loss at one value of every column of the law, nats per token; for the mean of runs.

    A column that the fitted runs have only one value of need not be given.
    """
    values = held_columns(fit, (), columns)
    row = {name: np.array([value]) for name, value in values.items()}
    shown = ", ".join(f"{name}={value:g}" for name, value in values.items())
    of = partial(_loss, law=fit.law, row=row)
    return Quantity(f"loss({shown})", of, positive=fit.settings.log, predicts=True)


def n_equivalent(fit: Fit, *, N: Any, P: Any, **other_columns: Any) -> Quantity:
    """Parameters that a model without streams needs for the loss of N parameters with P streams."""
    return _equivalent("N_equivalent", fit, N, P, other_columns, unit=1.0)


def multiplier(fit: Fit, *, N: Any, P: Any, **other_columns: Any) -> Quantity:
    """How many times its parameters a model with P streams is worth: `n_equivalent` over N."""
    return _equivalent("multiplier", fit, N, P, other_columns, unit=_one("N", N))


def optimal_n(fit: Fit, *, C: Any, P: Any = 1, **other_columns: Any) -> Quantity:
    """N* of least loss for a training budget C = 6 N D P, FLOPs."""
    best = Best.of(fit, C, P, other_columns)
    return Quantity(f"N*(C={best.budget:g})", best.parameters, positive=True)


def optimal_d(fit: Fit, *, C: Any, P: Any = 1, **other_columns: Any) -> Quantity:
    """D* = C / (6 N* P) of least loss for a training budget, tokens."""
    best = Best.of(fit, C, P, other_columns)
    return Quantity(f"D*(C={best.budget:g})", best.tokens, positive=True)


def exponent_a(fit: Fit, *, C: Any = None, P: Any = 1, **other_columns: Any) -> Quantity:
    """a of N*(C) ~ C^a, for C = 6 N D P.

    beta / (alpha + beta) for a law of two terms A N^-alpha and B D^-beta, else the slope of ln N* in ln C at ``C``, by
    default the budget of the middle of the runs.
    """
    return Quantity("a", Best.of(fit, C if C is not None else _middle(fit), P, other_columns).slope)


def exponent_b(fit: Fit, *, C: Any = None, P: Any = 1, **other_columns: Any) -> Quantity:
    """b = 1 - a of D*(C) ~ C^b; options as for `exponent_a`."""
    return Quantity("b", Best.of(fit, C if C is not None else _middle(fit), P, other_columns).other_slope)


VOCABULARY: Mapping[str, Callable[..., Quantity]] = {
    "loss": prediction,
    "N_equivalent": n_equivalent,
    "multiplier": multiplier,
    "N*": optimal_n,
    "D*": optimal_d,
    "a": exponent_a,
    "b": exponent_b,
}
"""What a quantity is called in text, and the function that makes it."""


def read_quantity(fit: Fit, text: str) -> Quantity:
    """A quantity from its text: a parameter's name, or a name of `VOCABULARY` with its values.

    Raises
    ------
    FitError
        If it cannot be read.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> read_quantity(pile, "alpha").name, read_quantity(pile, "loss(N=1.6B, P=8)").name
    ('alpha', 'loss(N=1.6e+09, P=8)')
    """
    name, bracket, rest = (part.strip() for part in text.partition("("))
    if name in fit.law.parameters and not bracket:
        return parameter(fit, name)
    pairs = [part.partition("=") for part in rest.removesuffix(")").split(",") if part.strip()]
    whole = bool(rest.endswith(")")) == bool(bracket) and all(sign for _, sign, _ in pairs)
    if name not in VOCABULARY or not whole:
        raise FitError(
            f"cannot read the quantity {text!r}; write a parameter ({', '.join(fit.law.parameters)}) or one such as "
            "loss(N=1.6B, P=8), multiplier(N=1.6B, P=8), N_equivalent(N=1.6B, P=8), N*(C=1e24), D*(C=1e24), a or b"
        )
    try:
        return VOCABULARY[name](fit, **{key.strip(): value.strip() for key, _, value in pairs})
    except TypeError as error:  # a value that the quantity needs or does not know
        raise FitError(f"{name} cannot be had from {text!r}: {error}".replace("()", "")) from None


def _loss(theta: np.ndarray, *, law: Law, row: Mapping[str, np.ndarray]) -> np.ndarray:
    return law_losses(law, row, theta)[:, 0]


def _equivalent(name: str, fit: Fit, N: Any, P: Any, other_columns: dict[str, Any], *, unit: float) -> Quantity:
    need_columns(fit, "N", "P", what="equivalence")
    given = {"N": _one("N", N), "P": _one("P", P)}
    columns = {
        each: np.array([value]) for each, value in {**given, **held_columns(fit, ("N", "P"), other_columns)}.items()
    }
    of = partial(_worth, fit=replace(fit, draws=None), columns=columns, unit=unit)
    return Quantity(f"{name}(N={given['N']:g}, P={given['P']:g})", of, positive=True)


def _worth(theta: np.ndarray, *, fit: Fit, columns: dict[str, np.ndarray], unit: float) -> np.ndarray:
    return equivalent_parameters(fit, columns, theta, closed_form(fit.law))[:, 0] / unit


@dataclass(frozen=True)
class Best:
    """The best N for a budget C with P streams, as functions of parameter sets (sets, parameters)."""

    problem: Problem
    budget: float
    streams: float

    @classmethod
    def of(cls, fit: Fit, C: Any, P: Any, other_columns: dict[str, Any]) -> Best:
        """That of a fit; what it reads is checked."""
        need_columns(fit, "N", "D", what="an optimum for a budget")
        return cls(Problem.of(fit, None, other_columns), _one("C", C), _one("P", P))

    def parameters(self, theta: np.ndarray, *, times: float = 1.0) -> np.ndarray:
        """N*, for the budget times a factor."""
        budget = np.full((len(theta), 1), self.budget * times)
        return self.problem.best(theta, budget, np.array([self.streams]))[:, 0]

    def tokens(self, theta: np.ndarray) -> np.ndarray:
        """D*."""
        return self.budget / (6 * self.streams) / self.parameters(theta)

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """a."""
        terms = two_terms(self.problem.law, theta, np.array([self.streams]))
        if terms is not None:
            _, alpha, _, beta = (np.broadcast_to(each, (len(theta), 1))[:, 0] for each in terms)
            return beta / (alpha + beta)
        up, down = (np.log(self.parameters(theta, times=np.exp(step))) for step in (_STEP, -_STEP))
        return (up - down) / (2 * _STEP)

    def other_slope(self, theta: np.ndarray) -> np.ndarray:
        """b."""
        return 1.0 - self.slope(theta)


def _middle(fit: Fit) -> float:
    need_columns(fit, "N", "D", what="an exponent of allocation")
    P = np.asarray(fit.columns.get("P", 1.0), dtype=float)
    cost = 6.0 * np.asarray(fit.columns["N"], dtype=float) * np.asarray(fit.columns["D"], dtype=float) * P
    return float(np.exp(np.log(cost).mean()))


def _one(name: str, given: Any) -> float:
    values = read_values(name, given)
    if len(values) != 1:
        raise FitError(f"a quantity is for one value of {name}, not {len(values)}; make one quantity for each")
    return float(values[0])
