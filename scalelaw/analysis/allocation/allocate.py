"""How a training budget is best spent: parameters, tokens and streams."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.allocation.intervals import sets_of, with_ends_of
from scalelaw.analysis.allocation.problem import Problem
from scalelaw.analysis.columns import need_columns, read_values, run_range, tidy
from scalelaw.errors import FitError

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_EDGE = 1e-9
_DERIVED = ("C", "N", "D", "tokens_per_parameter", "loss", "N_from", "N_to", "epochs", "C_used")


def allocate(
    fit: Fit,
    *,
    C: Any = None,
    loss: Any = None,
    P: Any = None,
    every_P: bool = False,
    flops: str | Callable[..., Any] | None = None,
    N_max: Any = None,
    D_max: Any = None,
    epsilon: float = 1e-3,
    level: float | None = 0.95,
    kind: str = "bc",
    **other_columns: Any,
) -> pd.DataFrame:
    """The N, D and P of least loss for a training budget, or of least compute for a target loss.

    Written out for `chinchilla`, `parscale_data`, `kaplan`, `coupled` and `overtrained` under C = 6 N D P
    (`scalelaw.analysis.allocation.TWO_TERMS`), and found numerically for every other law with N and D and for any other
    count. Optima are flat, so that the range of N that loses next to nothing says more than N itself.

    Parameters
    ----------
    fit : Fit
        Of a law that reads N and D.
    C : numbers or quantities
        Budgets, training FLOPs, streams counted. Either this or ``loss``.
    loss : numbers
        Targets, nats per token.
    P : numbers
        Streams to choose from; by default 1, 2, 4, ... up to the most among the runs. Only for a law that reads P.
    every_P : bool
        A row for each P rather than for the best one.
    flops : str or callable, optional
        The count, as a formula or a function of N, P and D; 6 N D P by default.
    N_max, D_max : number or quantity, optional
        The most parameters that can be served, the most tokens there are.
    epsilon : float
        ``N_from`` to ``N_to`` is where the loss is at most (1 + epsilon) times the best.
    level : float or None
        Of the intervals, which are there where the fit has bootstrap draws or the kind needs none.
    kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
        The last three need no draws, see `scalelaw.interval_of`; at most 60 numbers are profiled at a time.
    **other_columns
        One value for each other column of the law, such as ``U="100B"``.

    Returns
    -------
    DataFrame
        ``C``, ``P``, ``N``, ``D``, ``tokens_per_parameter``, ``loss`` (nats per token), ``N_from``, ``N_to``,
        ``limited_by`` (``N``, ``D``, both or empty) and, with draws, the ends ``_low`` and ``_high`` of each derived
        number and ``P_share``, the share of the draws in which this P is the best. The intervals of N and D are those
        at the P of the row. Where the law reads U, ``epochs`` is D / U. With a limit the budget may not be used up:
        ``C_used``. Where some targets can be reached and others cannot, these have a row that is NaN but for ``loss``,
        the target (and P, where there is a row for each), and ``remark`` says so.

    Raises
    ------
    FitError
        If the law has no N or no D, has no optimum between the smallest and the largest model, or can reach no target.

    Examples
    --------
    >>> import scalelaw as sl
    >>> chinchilla = sl.fit("chinchilla", sl.load("chinchilla"))
    >>> allocate(chinchilla, C=[1e21, 5.76e23])[["C", "N", "D", "loss"]].round({"N": -7, "D": -9, "loss": 3})
                  C             N             D   loss
    0  1.000000e+21  2.710000e+09  6.200000e+10  2.303
    1  5.760000e+23  6.481000e+10  1.481000e+12  1.959
    """
    theta = sets_of(fit, level, kind)
    problem = Problem.of(fit, flops, other_columns, N_max=N_max, D_max=D_max)
    given = _budgets_or_targets(C, loss, epsilon)
    streams = stream_choices(fit, P)
    targets, choices = (grid.ravel() for grid in np.meshgrid(given, streams, indexing="ij"))
    if loss is None:
        budgets = np.broadcast_to(targets, (len(theta), len(targets)))
    else:
        budgets = problem.least_compute(theta, targets, choices, _start(fit))
    cost = problem.best_loss(theta, budgets, choices) if loss is None else budgets
    possible = np.isfinite(cost[0])
    _refuse_impossible(fit, possible.reshape(len(given), -1), given, target=loss is not None)
    shape = (len(theta), len(given), len(streams))
    finite = np.where(np.isnan(cost), np.inf, cost).reshape(shape)
    winner = finite.argmin(2)
    rows = np.arange(len(targets)) if every_P else winner[0] + len(streams) * np.arange(len(given))
    asked, rows = rows, rows[possible[rows]]

    def some(sets: np.ndarray, rows: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
        if loss is None:
            at = np.broadcast_to(targets[rows], (len(sets), len(rows)))
        elif sets is theta:
            at = budgets[:, rows]
        else:
            at = problem.least_compute(sets, targets[rows], choices[rows], _start(fit))
        return _values(problem, sets, at, choices[rows], epsilon, target=loss is not None, names=names)

    def one(sets: np.ndarray, name: str, row: int) -> np.ndarray:
        return some(sets, rows[row : row + 1], {name})[name][:, 0]

    frame = {"C": budgets[0, rows]}
    if "P" in fit.law.columns:
        frame["P"] = tidy(choices[rows])
    frame |= with_ends_of(fit, lambda sets: some(sets, rows, _DERIVED), theta, level=level, kind=kind, one=one)
    if "P" in fit.law.columns and len(theta) > 1:
        share = (winner[1:, :, None] == np.arange(len(streams))).mean(0).ravel()
        frame["P_share"] = share[rows]
    frame["limited_by"] = _limits(problem, frame["N"], frame["D"])
    found = pd.DataFrame(frame, index=np.flatnonzero(possible[asked]))
    if loss is None or len(rows) == len(asked):
        return found.reset_index(drop=True)
    named = every_P and "P" in frame
    return _with_unreached(fit, found, targets[asked], choices[asked] if named else None)


def _with_unreached(fit: Fit, found: pd.DataFrame, loss: np.ndarray, P: np.ndarray | None) -> pd.DataFrame:
    """The rows found, and between them one for each target that no budget reaches: empty but for what was asked."""
    frame = found.reindex(range(len(loss)))
    lost = frame["C"].isna()
    frame["loss"] = frame["loss"].where(~lost, loss)
    frame["limited_by"] = frame["limited_by"].where(~lost, "")
    said = [_unreached(fit, target) for target in loss]
    if P is not None:
        frame["P"] = tidy(P)
        said = [_unreached(fit, target, f" with P = {streams:g}") for target, streams in zip(loss, P, strict=True)]
    frame["remark"] = np.where(lost, said, "")
    return frame


def _unreached(fit: Fit, loss: float, given: str = "") -> str:
    return (
        f"no budget reaches a loss of {loss:g}{given} by law {fit.law.name!r} within the limits given; "
        "ask for a loss above its floor"
    )


def _budgets_or_targets(C: Any, loss: Any, epsilon: float) -> np.ndarray:
    if (C is None) == (loss is None):
        raise FitError("give either budgets, as in C=1e21, or target losses, as in loss=2.5")
    if not 0 < epsilon < 1:
        raise FitError(f"epsilon is a share of the loss between 0 and 1, such as 0.001, not {epsilon!r}")
    return read_values("C", C) if loss is None else read_values("loss", loss)


def _values(
    problem: Problem,
    theta: np.ndarray,
    C: np.ndarray,
    P: np.ndarray,
    epsilon: float,
    *,
    target: bool,
    names: Collection[str],
) -> dict[str, np.ndarray]:
    """What is derived, each of shape (sets, rows), in the order of the frame; of ``names`` only what has a meaning."""
    with np.errstate(all="ignore"):
        N = problem.best(theta, C, P)
        D = problem.tokens(N, C, P)
        values = {"C": C} if target else {}
        values |= {"N": N, "D": D, "tokens_per_parameter": D / N}
        if "loss" in names:  # one that was asked for has no interval
            values["loss"] = problem.best_loss(theta[:1] if target else theta, C[:1] if target else C, P)
        for side, name in enumerate(("N_from", "N_to")):
            if name in names:
                values[name] = problem.near_best(theta, N, C, P, epsilon, largest=bool(side))
        if "U" in problem.held:
            values["epochs"] = D / problem.held["U"]
        if np.isfinite([problem.N_max, problem.D_max]).any():
            values["C_used"] = np.asarray(problem.flops(N, P, D))
    # a draw by which no budget reaches the target counts as infinite in everything
    finite = {name: np.where(np.isinf(C[: len(value)]), np.inf, value) for name, value in values.items()}
    return {name: value for name, value in finite.items() if name in names}


def stream_choices(fit: Fit, P: Any) -> np.ndarray:
    """The streams given, or powers of two up to the most among the runs; 1 alone for a law without streams.

    Raises
    ------
    FitError
        If streams are given for a law that does not read them.
    """
    if P is not None:
        need_columns(fit, "P", what="choosing streams")
        return np.unique(read_values("P", P))
    if "P" not in fit.law.columns:
        return np.ones(1)
    most = run_range(fit, "P")[1]
    return np.asarray(2.0 ** np.arange(np.floor(np.log2(most) + _EDGE) + 1))


def _start(fit: Fit) -> float:
    """A budget to start looking from: that of the middle of the runs."""
    logs = [np.log(np.asarray(fit.columns[name], dtype=float)).mean() for name in ("N", "D")]
    return float(6.0 * np.exp(sum(logs)))


def _refuse_impossible(fit: Fit, possible: np.ndarray, given: np.ndarray, *, target: bool) -> None:
    """Refuse a budget without an optimum, and losses of which none is reached, at the fitted parameters."""
    lost = ~possible.any(1)
    if target and lost.all():
        raise FitError(_unreached(fit, given.max()))
    if target or not lost.any():
        return
    raise FitError(
        f"law {fit.law.name!r} has no optimum between one parameter and one token at C={given[lost][0]:g}: its loss "
        "goes on falling with N or with D, so it does not trade one for the other; limit N_max or D_max, or fit a law "
        "with a term in each"
    )


def _limits(problem: Problem, N: np.ndarray, D: np.ndarray) -> list[str]:
    most = {"N": problem.N_max * (1 - _EDGE), "D": problem.D_max * (1 - _EDGE)}
    bound = zip(most["N"] <= N, most["D"] <= D, strict=True)
    return [" and ".join(name for name, at in zip("ND", each, strict=True) if at) for each in bound]
