"""How the best N and D grow with compute: the exponents a and b."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.allocation.closed import two_terms
from scalelaw.analysis.allocation.intervals import sets_of, with_ends_of
from scalelaw.analysis.allocation.problem import Problem
from scalelaw.analysis.columns import read_values, tidy
from scalelaw.errors import FitError

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_STEP = 0.05
"""Half a difference in ln C; the optimum is known to 1e-9 and its exponent drifts slowly."""


def allocation_exponents(
    fit: Fit,
    *,
    C: Any = None,
    P: Any = 1,
    flops: str | Callable[..., Any] | None = None,
    level: float | None = 0.95,
    kind: str = "bc",
    **other_columns: Any,
) -> pd.DataFrame:
    """Exponents of N*(C) ~ C^a and D*(C) ~ C^b, with P held.

    For a law of two terms A N^-alpha and B D^-beta under C = 6 N D P they are a = beta / (alpha + beta) and b = 1 - a,
    whatever the budget; otherwise they are the slopes of ln N* and ln D* in ln C at each budget.

    Parameters
    ----------
    C : numbers or quantities, optional
        Budgets at which the slope is taken; by default that of the middle of the runs.
    P : number
        Streams, for a law that reads them.
    flops, level, kind, **other_columns
        As in `allocate`.

    Returns
    -------
    DataFrame
        ``C``, ``P`` for a law that reads it, ``a``, ``b`` with their ends where there are draws, and ``how``:
        ``closed form`` or ``numeric``.

    Raises
    ------
    FitError
        If the law has no N or no D, or no optimum at a budget.

    Examples
    --------
    >>> import scalelaw as sl
    >>> chinchilla = sl.fit("chinchilla", sl.load("chinchilla"))
    >>> allocation_exponents(chinchilla)[["a", "b", "how"]].round(5)
             a        b          how
    0  0.49954  0.50046  closed form
    """
    theta = sets_of(fit, level, kind)
    problem = Problem.of(fit, flops, other_columns, what="an exponent of allocation")
    budgets = middle_budget(fit) if C is None else read_values("C", C)
    streams = np.broadcast_to(read_values("P", P), budgets.shape)
    a, _, how = exponents_at(problem, theta[:1], budgets, streams)
    if not np.isfinite(a).all():
        raise FitError(f"law {fit.law.name!r} has no optimum between one parameter and one token at such a budget")
    frame: dict[str, Any] = {"C": budgets} | ({"P": tidy(streams)} if "P" in fit.law.columns else {})

    def of(sets: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip("ab", exponents_at(problem, sets, budgets, streams)[:2], strict=True))

    frame |= with_ends_of(fit, of, theta, level=level, kind=kind, positive=False)
    return pd.DataFrame(frame | {"how": how})


def exponents_at(
    problem: Problem, theta: np.ndarray, C: np.ndarray, P: np.ndarray
) -> tuple[np.ndarray, np.ndarray, str]:
    """a and b, shape (sets, rows), under parameter sets for budgets and streams of shape (rows,), and how they came."""
    terms = two_terms(problem.law, theta, P) if problem.flops.fn is None else None
    if terms is None:
        return *_slopes(problem, theta, C, P), "numeric"
    _, alpha, _, beta = (np.broadcast_to(each, (len(theta), len(C))) for each in terms)
    return beta / (alpha + beta), alpha / (alpha + beta), "closed form"


def _slopes(problem: Problem, theta: np.ndarray, C: np.ndarray, P: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(all="ignore"):
        ends = [C * np.exp(step) for step in (-_STEP, _STEP)]
        N = [problem.best(theta, end, P) for end in ends]
        D = [problem.tokens(size, end, P) for size, end in zip(N, ends, strict=True)]
        a, b = (np.log(upper / lower) / (2 * _STEP) for lower, upper in (N, D))
    return a, b


def middle_budget(fit: Fit) -> np.ndarray:
    """6 N D P of the middle of the runs, shape (1,)."""
    P = np.asarray(fit.columns.get("P", 1.0), dtype=float)
    cost = 6.0 * np.asarray(fit.columns["N"], dtype=float) * np.asarray(fit.columns["D"], dtype=float) * P
    return np.exp(np.log(cost).mean(keepdims=True))
