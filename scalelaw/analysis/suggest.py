"""Which runs to train next, so that the number one cares about becomes as certain as the budget allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.cells import Cells, cells_like, cells_of, dearest
from scalelaw.analysis.columns import read_values, tidy
from scalelaw.analysis.optimal_design import Design
from scalelaw.errors import FitError
from scalelaw.fit.differences import central
from scalelaw.fit.model import build
from scalelaw.fit.noise import scatter, seed_noise
from scalelaw.fit.quantity import Given, as_quantity
from scalelaw.fit.reduce import reduce_law

if TYPE_CHECKING:
    from scalelaw.fit.model import Model
    from scalelaw.fit.reduce import Reduced
    from scalelaw.fit.result import Fit

_SETS, _MOST = 16, 200
_STEP = 1e-5


def suggest(
    fit: Fit,
    of: Given,
    *,
    budget: Any = None,
    k: int | None = None,
    cells: Any = None,
    repeat: bool = False,
    flops: str | Callable[..., Any] | None = None,
    beyond: float | None = None,
    tokens_per_parameter: Any = None,
    **held: Any,
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
        Runs that could be trained: the law's columns, and ``C`` where they have their own cost. By default a grid in
        round numbers over what the runs at hand are like: their range of N, of tokens a parameter, of D and of other
        columns, and powers of two up to their largest P.
    repeat : bool
        Whether a cell may be trained several times, with other seeds. That averages the noise of seeds out, and not
        what the law itself is off by there, which may be far more: the reruns of ``olmo-ladder`` agree to 0.02 % and
        runs lie 0.6 % off the law.
    flops : str or callable, optional
        Cost of a cell without ``C``, by N, P and D; 6 N D P by default.
    beyond : float, optional
        How many times beyond each end of these ranges a cell of the grid may lie; 1 by default. Without a budget no
        cell costs more than so many times the dearest run at hand.
    tokens_per_parameter : (low, high), optional
        For the grid, in the place of the range in the runs; an end that is None or infinite is theirs.
    **held
        ``D``, ``N`` or ``P`` of every cell where only the cost depends on it, as in ``D="42B"``; by default the only
        value that the table has.

    Returns
    -------
    DataFrame
        A row for each new run, the one that brings most for its cost first: the law's columns, N and D where only the
        cost reads them, ``C``, ``C_total`` (with those above it), ``standard_error`` of the quantity after it (of its
        logarithm where the quantity is positive by nature, such as a loss) and ``ratio`` to that of the runs at hand.
        Standard errors take the noise of one run from `scalelaw.fit.noise.seed_noise`, or the scatter of the runs about
        the law where that is more, and hold to first order, if the law does.

    Raises
    ------
    FitError
        If neither budget nor k is given, the quantity cannot be read or does not depend on the parameters, it is not
        known what a cell costs, or none can be paid for.
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
    shaped = {"beyond": beyond, "tokens_per_parameter": tokens_per_parameter}
    offered = _offered(fit, cells, {"flops": flops, "held": held}, shaped, cheap=budget is None)
    cost = offered.cost
    if not (cost <= money).any():
        raise FitError(f"the cheapest cell costs {cost.min():.3g} FLOPs and the budget is {money:.3g}; give more")
    design = _design(fit, offered, lambda theta: wanted.scaled(wanted(theta)))
    chosen = design.ordered(design.select(budget=money, count=min(k or _MOST, _MOST), repeat=repeat))
    if not chosen:
        raise FitError(f"no cell tells anything of {wanted.name}; offer others, of more sizes or more streams")
    start = np.exp(design.score([]) / 2)
    errors = np.exp([design.score(chosen[: j + 1]) / 2 for j in range(len(chosen))])
    frame = {name: tidy(values[chosen]) for name, values in {**offered.columns, **offered.beside}.items()}
    frame |= {"C": cost[chosen], "C_total": np.cumsum(cost[chosen])}
    return pd.DataFrame(frame | {"standard_error": _noise(fit) * errors, "ratio": errors / start})


def _noise(fit: Fit) -> float:
    """Standard deviation of a run about the law: of seeds, or with the misfit where runs are left to tell that by."""
    if fit.noise is None:  # then seed_noise is the scatter
        return seed_noise(fit).sd
    used = fit.rows if fit.weights is None else int((fit.weights > 0).sum())
    return max(fit.noise.sd, scatter(fit).sd) if used > len(fit.free) else fit.noise.sd


def _offered(fit: Fit, given: Any, priced: dict[str, Any], shaped: dict[str, Any], *, cheap: bool) -> Cells:
    """The cells given or a grid like the runs, of which the cheap are no dearer than these."""
    shaped = {name: value for name, value in shaped.items() if value is not None}
    if given is not None:
        if shaped:
            raise FitError(f"{' and '.join(shaped)} shape the grid of cells, and cells are given; choose among these")
        return cells_of(fit, given, **priced)
    grid = cells_like(fit, **priced, **shaped)
    if not cheap:
        return grid
    most = max(shaped.get("beyond", 1.0) * dearest(fit, **priced), grid.cost.min())
    return grid[grid.cost <= most * (1 + 1e-9)]


def _design(fit: Fit, cells: Cells, of: Callable[..., np.ndarray]) -> Design:
    """The design problem at the fitted parameters and at some draws.

    Raises
    ------
    FitError
        If the quantity does not depend on the parameters.
    """
    reduced = reduce_law(fit.law, fit.settings)
    runs = len(fit.columns["loss"])
    joined = {
        name: np.concatenate([np.asarray(fit.columns[name], float), cells.columns[name]]) for name in fit.law.columns
    }
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
    return Design.of(at_hand, slopes[:, runs:], wanted, cells.cost)


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
