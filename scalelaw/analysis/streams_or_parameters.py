"""Streams against parameters at equal training compute, the comparison that the ParScale paper does not make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.allocation.intervals import sets_of, with_ends_of
from scalelaw.analysis.allocation.problem import Problem
from scalelaw.analysis.columns import need_columns, read_values, run_range, tidy
from scalelaw.errors import FitError

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_WIDE, _TALL = 25, 13


def streams_or_parameters(
    fit: Fit,
    *,
    P: Any = None,
    C: Any = None,
    N: Any = None,
    flops: str | Callable[..., Any] | None = None,
    N_max: Any = None,
    D_max: Any = None,
    num: int | None = None,
    level: float | None = 0.95,
    kind: str = "bc",
    **other_columns: Any,
) -> pd.DataFrame:
    """Where P streams beat parameters when both cost the same to train, by a law with N, P and D.

    Without ``N`` it is a map over C and P: the best model with P streams for C against the best one without streams for
    C, each with its own N and D. With ``N`` it is a map over N and C at one P: N parameters with P streams against a
    larger model without streams that costs as much on the same tokens, N P parameters where C = 6 N D P.

    By `parscale_data` itself streams never win as long as N and D are free, since k ln P + 1 < P for k < 1: P times the
    parameters are worth more than P streams. They win where N is capped by memory and D by the data (``N_max``,
    ``D_max``), or by a law in which streams lower the loss in their own way.

    Parameters
    ----------
    fit : Fit
        Of a law that reads N, P and D.
    P : numbers, optional
        Streams above 1; by default from 2 to the most among the runs, or that number alone where ``N`` is given.
    C : numbers or quantities, optional
        Budgets, training FLOPs; by default from the least to a hundred times the most among the runs.
    N : numbers or quantities, optional
        Parameters of the model with streams.
    flops, N_max, D_max, **other_columns
        As in `scalelaw.allocate`; limits are for a map over C and P.
    num : int, optional
        Values at least, geometrically spaced, of each of C, P and N over the range of those given, which are among
        them; one that has a single value keeps it. By default those given alone.
    level : float or None
        Of the interval of the difference, where the fit has bootstrap draws or the kind needs none.
    kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
        The last three need no draws, see `scalelaw.interval_of`; at most 60 numbers are profiled at a time.

    Returns
    -------
    DataFrame
        A row for each combination: ``C``, ``P``, ``N``, ``D`` and ``loss`` of the model with streams, ``N_alone``,
        ``D_alone`` and ``loss_alone`` of the one without, ``difference`` (loss - loss_alone, nats per token: below 0
        streams win) with its ends, and ``better``: ``streams``, ``parameters``, or ``undecided`` where the interval
        holds 0.

    Raises
    ------
    FitError
        If the law lacks N, P or D, a value or ``num`` means nothing, or a budget has no optimum.

    Examples
    --------
    >>> import numpy as np, scalelaw as sl
    >>> N, P, D = (grid.ravel() for grid in np.meshgrid([1e8, 4e8, 2e9], [1, 2, 4], [1e9, 5e9, 3e10]))
    >>> truth = {"E": 1.2, "A": 1.1e7, "alpha": 0.19, "k": 0.39, "B": 400.0, "beta": 0.28}
    >>> runs = sl.laws.simulate(sl.laws.parscale_data, truth, {"N": N, "P": P, "D": D}, noise=0.0, rng=0)
    >>> fit = sl.fit("parscale_data", runs)
    >>> streams_or_parameters(fit, P=4, C=1e22)[["difference", "better"]].round(3)
       difference      better
    0       0.063  parameters
    >>> streams_or_parameters(fit, P=4, C=1e22, N_max="2B", D_max="30B")[["difference", "better"]].round(3)
       difference   better
    0      -0.029  streams
    """
    need_columns(fit, "P", what="streams against parameters")
    theta = sets_of(fit, level, kind)
    problem = Problem.of(fit, flops, other_columns, N_max=N_max, D_max=D_max, what="streams against parameters")
    budgets = _budgets(fit, problem) if C is None else read_values("C", C)
    streams = _streams(fit, P, one=N is not None)
    sizes = None if N is None else read_values("N", N)
    if N is not None and np.isfinite([problem.N_max, problem.D_max]).any():
        raise FitError("N_max and D_max limit a choice of N, so they mean nothing where N is given; leave them out")
    if num is not None:
        budgets, streams = _denser(budgets, num), _denser(streams, num)
        sizes = None if sizes is None else _denser(sizes, num)

    def both(sets: np.ndarray) -> dict[str, np.ndarray]:
        if sizes is None:
            return _best_against_best(problem, sets, budgets, streams)
        return _same_tokens(problem, sets, budgets, streams, sizes)

    frame = {name: value[0] for name, value in both(theta[:1]).items()}
    if not np.isfinite(frame["difference"]).all():
        raise FitError(f"law {fit.law.name!r} has no optimum between one parameter and one token at such a budget")
    difference = with_ends_of(
        fit, lambda sets: {"difference": both(sets)["difference"]}, theta, level=level, kind=kind, positive=False
    )
    frame |= difference
    return pd.DataFrame(frame | {"P": tidy(frame["P"]), "better": _better(difference)})


def _best_against_best(
    problem: Problem, theta: np.ndarray, budgets: np.ndarray, streams: np.ndarray
) -> dict[str, np.ndarray]:
    """Both sides at their best, rows of every budget with every P; each value has shape (1 or sets, rows)."""
    C, P = (grid.ravel() for grid in np.meshgrid(budgets, streams, indexing="ij"))
    N, loss = _optimum(problem, theta, C, P)
    N_alone, loss_alone = (
        np.repeat(each, len(streams), axis=1) for each in _optimum(problem, theta, budgets, np.ones(len(budgets)))
    )
    D, D_alone = problem.tokens(N[:1], C, P), problem.tokens(N_alone[:1], C, 1.0)
    frame = {"C": C[None], "P": P[None], "N": N, "D": D, "loss": loss}
    return frame | {"N_alone": N_alone, "D_alone": D_alone, "loss_alone": loss_alone, "difference": loss - loss_alone}


def _optimum(problem: Problem, theta: np.ndarray, C: np.ndarray, P: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    N = problem.best(theta, C, P)
    possible = np.isfinite(N) & (N > 0)
    return N, np.where(possible, problem.losses(theta, np.where(possible, N, 1e9), C, P), np.nan)


def _same_tokens(
    problem: Problem, theta: np.ndarray, budgets: np.ndarray, streams: np.ndarray, sizes: np.ndarray
) -> dict[str, np.ndarray]:
    """A model with streams against one without that costs as much on the same tokens."""
    N, C, P = (grid.ravel() for grid in np.meshgrid(sizes, budgets, streams, indexing="ij"))
    D = np.asarray(problem.flops.tokens(C, N, P))
    alone = np.ones(len(P))
    N_alone = problem.flops.parameters(C, alone, D)
    loss, loss_alone = problem.losses(theta, N, C, P), problem.losses(theta, N_alone, C, alone)
    frame = {"C": C[None], "P": P[None], "N": N[None], "D": D[None], "loss": loss}
    return frame | {
        "N_alone": N_alone[None],
        "D_alone": D[None],
        "loss_alone": loss_alone,
        "difference": loss - loss_alone,
    }


def _better(difference: dict[str, np.ndarray]) -> np.ndarray:
    low, high = (difference.get(f"difference_{end}", difference["difference"]) for end in ("low", "high"))
    return np.select([high < 0, low > 0], ["streams", "parameters"], "undecided")


def _streams(fit: Fit, given: Any, *, one: bool) -> np.ndarray:
    if given is None:
        most = max(2.0, run_range(fit, "P")[1])
        return np.array([most]) if one else np.geomspace(2.0, most, _TALL) if most > 2 else np.array([2.0])
    values = np.unique(read_values("P", given))
    if (values <= 1).any():
        raise FitError("P = 1 is what streams are compared with; give numbers of streams above 1")
    if one and len(values) > 1:
        raise FitError(f"a map over N and C has one P, not {len(values)}")
    return values


def _denser(values: np.ndarray, num: int) -> np.ndarray:
    """At least so many values over the range of those given, these among them; a single one stays alone."""
    if num < 2:
        raise FitError(f"num is a number of values of 2 or more, not {num}")
    values = np.unique(values)
    if len(values) == 1:
        return values
    between = np.geomspace(values[0], values[-1], num)
    new = ~np.isclose(between[:, None], values, rtol=1e-9, atol=0.0).any(1)
    return np.union1d(values, between[new])


def _budgets(fit: Fit, problem: Problem) -> np.ndarray:
    cost = np.asarray(problem.flops(*(np.asarray(fit.columns[name], dtype=float) for name in ("N", "P", "D"))))
    return np.geomspace(cost.min(), 100 * cost.max(), _WIDE)
