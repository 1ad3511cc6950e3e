"""Which runs to train next, so that the number one cares about becomes as certain as the budget allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.allocation.flops import Flops
from scalelaw.analysis.columns import read_values, tidy
from scalelaw.analysis.optimal_design import Design
from scalelaw.errors import FitError, RunsError
from scalelaw.fit.differences import central
from scalelaw.fit.model import build
from scalelaw.fit.noise import seed_noise
from scalelaw.fit.quantity import Given, as_quantity
from scalelaw.fit.reduce import reduce_law

if TYPE_CHECKING:
    from scalelaw.fit.model import Model
    from scalelaw.fit.reduce import Reduced
    from scalelaw.fit.result import Fit

_SETS, _MOST, _PER_COLUMN = 16, 200, 8
_STEP = 1e-5


def suggest(
    fit: Fit,
    of: Given,
    *,
    budget: Any = None,
    k: int | None = None,
    cells: Any = None,
    repeat: bool = True,
    flops: str | Callable[..., Any] | None = None,
) -> pd.DataFrame:
    """The next runs that most reduce the variance of a quantity, under a budget of training FLOPs.

    To first order the variance of a quantity with slopes c is sigma^2 c' (J' J)^-1 c, where J holds the slopes of the
    log losses of all runs: those at hand and those to come. The cells are chosen greedily, by gain and by gain for the
    money, improved by exchanges, and the best design is kept (c-optimality; Fedorov 1972). The slopes are those at the
    fitted parameters and, where the fit has draws, at up to 16 of these as well, since the best design depends on what
    is not yet known. For the same reason a budget is best spent in rounds: a quarter, a fit, and the next runs.

    Parameters
    ----------
    fit : Fit
        Of the runs at hand: as many as it takes to see roughly what the law is.
    of : str, Quantity or callable
        What should become certain, see `scalelaw.analysis.quantities`: ``"loss at N=70B,D=1.4T"``, a parameter such as
        ``"alpha"``, ``"N* at C=1e24"``, or a function of parameter sets (sets, parameters) to values (sets,).
    budget : number or quantity, optional
        Training FLOPs of all new runs together.
    k : int, optional
        The most new runs. One of the two is needed.
    cells : DataFrame or mapping of arrays, optional
        Runs that could be trained: the law's columns, and ``C`` where they have their own cost. By default a grid over
        the range of the runs at hand, eight values a column and powers of two for P.
    repeat : bool
        Whether a cell may be trained several times, with other seeds.
    flops : str or callable, optional
        Cost of a cell without ``C``, by N, P and D; 6 N D P by default. A law without D counts 6 N P.

    Returns
    -------
    DataFrame
        A row for each new run, the one that brings most for its cost first: the law's columns, ``C``,
        ``C_total`` (with those above it), ``standard_error`` of the quantity after it (of its logarithm where the
        quantity is positive by nature, such as a loss) and ``ratio`` to that of the runs at hand. Standard errors take
        the noise of one run from `scalelaw.fit.noise.seed_noise` and hold to first order, if the law does.

    Raises
    ------
    FitError
        If neither budget nor k is given, the quantity cannot be read or does not depend on the parameters, or no cell
        can be paid for.
    RunsError
        If a cell lacks a column.

    Examples
    --------
    >>> import scalelaw as sl
    >>> runs = sl.load("chinchilla")
    >>> pilot = sl.fit("chinchilla", runs[runs["N"] < 3e8])
    >>> suggest(pilot, "loss at N=70B,D=1.4T", budget=1e21, cells=runs[runs["N"] > 3e8], k=3, repeat=False).shape
    (3, 6)
    """
    if budget is None and k is None:
        raise FitError("give a budget, as in budget=1e21, or a number of runs, as in k=4")
    if k is not None and k < 1:
        raise FitError(f"k is a number of runs of 1 or more, not {k}")
    money = np.inf if budget is None else float(read_values("C", budget)[0])
    wanted = as_quantity(fit, of)
    columns, cost = _cells(fit, cells, flops)
    design = _design(fit, columns, cost, lambda theta: wanted.scaled(wanted(theta)))
    if not (cost <= money).any():
        raise FitError(f"the cheapest cell costs {cost.min():.3g} FLOPs and the budget is {money:.3g}; give more")
    chosen = design.ordered(design.select(budget=money, count=min(k or _MOST, _MOST), repeat=repeat))
    if not chosen:
        raise FitError(f"no cell tells anything of {wanted.name}; offer others, of more sizes or more streams")
    start = np.exp(design.score([]) / 2)
    errors = np.exp([design.score(chosen[: j + 1]) / 2 for j in range(len(chosen))])
    frame = {name: tidy(values[chosen]) for name, values in columns.items()}
    frame |= {"C": cost[chosen], "C_total": np.cumsum(cost[chosen])}
    return pd.DataFrame(frame | {"standard_error": seed_noise(fit).sd * errors, "ratio": errors / start})


def _design(fit: Fit, cells: Mapping[str, np.ndarray], cost: np.ndarray, of: Callable[..., np.ndarray]) -> Design:
    """The design problem at the fitted parameters and at some draws.

    Raises
    ------
    FitError
        If the quantity does not depend on the parameters.
    """
    reduced = reduce_law(fit.law, fit.settings)
    runs = len(fit.columns["loss"])
    joined = {name: np.concatenate([np.asarray(fit.columns[name], float), cells[name]]) for name in fit.law.columns}
    model = build(reduced.law, joined)
    sets = np.array([reduced.contract(fit.params), *_some_draws(fit, reduced)])
    x = model.coordinates.from_parameters(sets)
    slopes = _slopes(model, x, log=fit.settings.log)
    wanted = _gradient(model, reduced, x, of)
    usable = np.isfinite(slopes).all((1, 2)) & np.isfinite(wanted).all(1) & (np.abs(wanted).max(1) > 0)
    if not usable[0]:
        raise FitError("the quantity does not change with the parameters, so that no run can tell more of it")
    slopes, wanted = slopes[usable], wanted[usable]
    weights = np.ones(runs) if fit.weights is None else np.asarray(fit.weights, dtype=float)
    at_hand = slopes[:, :runs] * np.sqrt(weights / (weights.mean() or 1.0))[:, None]
    return Design.of(at_hand, slopes[:, runs:], wanted, cost)


def _some_draws(fit: Fit, reduced: Reduced) -> np.ndarray:
    if fit.draws is None:
        return np.empty((0, len(reduced.law.parameters)))
    theta = fit.draws.theta[:_SETS]
    return theta[:, [fit.law.parameters.index(name) for name in reduced.law.parameters]]


def _slopes(model: Model, x: np.ndarray, *, log: bool) -> np.ndarray:
    """Slopes of every row's log loss (or loss) in each coordinate, shape (sets, rows, p)."""
    with np.errstate(all="ignore"):
        loss, *parts = (np.broadcast_to(part, (len(x), model.rows)) for part in model.slopes(x))
        slopes = np.stack(parts, axis=-1)
        return slopes / loss[..., None] if log else slopes


def _gradient(model: Model, reduced: Reduced, x: np.ndarray, of: Callable[..., np.ndarray]) -> np.ndarray:
    """Slopes of the quantity in each coordinate by central differences, shape (sets, p)."""

    def quantity(points: np.ndarray) -> np.ndarray:
        return of(reduced.expand(model.coordinates.to_parameters(points)))

    return central(quantity, x, _STEP * np.maximum(np.abs(x), 1e-3))


def _cells(fit: Fit, given: Any, flops: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Columns of the candidates, shape (cells,), and what each costs."""
    from scalelaw.runs import check_columns, take

    if given is None:
        columns = _grid(fit)
        own = None
    else:
        parts = {str(name): np.atleast_1d(values) for name, values in given.items() if name != "loss"}
        table = check_columns(dict(zip(parts, np.broadcast_arrays(*parts.values()), strict=True)), need=())
        taken = take(table, fit.law.columns, where="a cell")
        columns = {name: np.asarray(values, dtype=float) for name, values in taken.items()}
        own = table.get("C")
    if own is not None and flops is None:
        return columns, np.asarray(own, dtype=float)
    size = {name: columns.get(name, np.ones(len(next(iter(columns.values()))))) for name in ("N", "P", "D")}
    if "N" not in columns and "C" in columns:
        return columns, columns["C"]
    return columns, np.asarray(Flops.of(flops)(*size.values()) * np.ones(len(size["N"])), dtype=float)


def _grid(fit: Fit) -> dict[str, np.ndarray]:
    """Every combination of values over the range of the runs at hand."""
    axes = []
    for name in fit.law.columns:
        values = np.asarray(fit.columns[name], dtype=float)
        low, high = values.min(), values.max()
        if name == "P":
            axes.append(2.0 ** np.arange(np.floor(np.log2(high) + 1e-9) + 1))
        elif not low > 0:
            raise RunsError(f"column {name!r} has no range to make cells from; give cells")
        else:
            axes.append(np.unique(np.geomspace(low, high, _PER_COLUMN)))
    return {name: grid.ravel() for name, grid in zip(fit.law.columns, np.meshgrid(*axes, indexing="ij"), strict=True)}
