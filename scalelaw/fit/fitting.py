"""`fit`: a law and a table of runs in, a `Fit` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.bootstrap import Resampling, bootstrap_draws, refuse_idle
from scalelaw.fit.design import check_one_convention
from scalelaw.fit.model import build
from scalelaw.fit.noise import replicate_noise
from scalelaw.fit.objective import Problem
from scalelaw.fit.reduce import Reduced, reduce_law
from scalelaw.fit.resampling.losses import drawn_noise
from scalelaw.fit.result import BESIDE, Fit
from scalelaw.fit.settings import AUTO_FACTOR, GAUSSIAN_MAD, Settings, check_settings
from scalelaw.fit.solve import Solution
from scalelaw.fit.within_bounds import Search, check_runs
from scalelaw.laws import resolve
from scalelaw.laws.law import Law
from scalelaw.runs import Columns, check_columns, take

if TYPE_CHECKING:
    import lmfit
    import pandas as pd

    Table = pd.DataFrame | Mapping[str, Any]

_DELTA_ROUNDS = 50


def fit(
    law: Law | str,
    runs: Table,
    *,
    delta: float | str = 1e-3,
    loss: str = "huber",
    space: str = "log",
    overestimate: float = 1.0,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    weights: Any = None,
    params: lmfit.Parameters | None = None,
    bootstrap: int = 0,
    resample: str = "auto",
    by: str | None = None,
    rng: int | np.random.Generator | None = None,
    thorough: bool = False,
    throw: bool = True,
) -> Fit:
    """Fit a law to runs.

    The objective is sum_i w_i rho(log L_i - log loss_i), with Huber's rho and delta = 1e-3 unless told otherwise
    (Hoffmann et al. 2022, arXiv:2203.15556, section 3.3). It is minimised globally: a grid over the non-linear
    parameters with the others solved for, the best points of which are polished together by Newton's method.

    Parameters
    ----------
    law : Law or str
        A law, the name of a built-in one, or a formula such as ``"E + A/N**alpha"``.
    runs : DataFrame or mapping of str to array
        The runs table with the law's columns and ``loss`` in nats per token.
    delta : float or "auto"
        Where Huber's function turns linear, in units of the residual. ``"auto"`` is 1.345 times the median absolute
        deviation of the residuals, scaled to a standard deviation (95 % efficiency under Gaussian noise); it is
        found by refitting until it no longer changes.
    loss : {"huber", "squared", "absolute"}
    space : {"log", "raw"}
        Residuals of log loss, or of loss.
    overestimate : float
        Factor on the objective where the law predicts more than was observed; above 1 the law follows the better
        runs, which is wanted where small runs were not tuned.
    fixed : mapping of str to float, optional
        Parameters to hold at a value.
    bounds : mapping of str to (low, high), optional
        Bounds in place of the law's own, which are ``(0, inf)`` unless it says otherwise.
    weights : array of shape (rows,) or str, optional
        Weight of each row, or the column that holds it.
    params : lmfit.Parameters, optional
        Starting values, bounds (``min``, ``max``), fixed parameters (``vary=False``) and ties (``expr``).
    bootstrap : int
        Number of resamples to refit; 0 for none.
    resample : str
        ``"pairs"``, ``"stratified"``, ``"cluster"``: rows, rows within each value of ``by``, or whole groups of ``by``,
        drawn with replacement. ``"auto"`` resamples whole runs where a column ``run`` says that rows are checkpoints of
        one run, and rows otherwise. ``"bayesian"``, ``"bayesian-stratified"``, ``"bayesian-cluster"``: exponential
        weights instead of draws. ``"wild"``, ``"wild-mammen"``: residuals times random signs, or times Mammen's
        factors; both are too narrow where ``delta`` is far below the noise. ``"parametric"``: new losses from the
        fitted law, with Gaussian noise by the replicate seeds in the table, else by the residuals, of which
        checkpoints of a run share as much as the residuals say. Kinds that take the rows of a run to be independent
        (``"pairs"``, strata) are too narrow by far where they are not, which the notes of the fit say.
    by : str, optional
        Column of the strata (default ``P``) or of the clusters (default ``run``); with ``"auto"`` its groups are
        the clusters. Like ``resample`` it is of the bootstrap, and refused without one.
    rng : int or numpy.random.Generator, optional
        Seed of the resampling; the same seed gives the same draws.
    thorough : bool
        Search a finer grid from more starts, and every resample from starts of its own (which tables of fewer than
        40 rows get anyway).
    throw : bool
        Raise if the fit did not converge; otherwise return it with ``fit.converged`` False.

    Returns
    -------
    Fit

    Raises
    ------
    RunsError
        If the table is faulty or lacks a column.
    LawError
        If the law is unknown or cannot be read, or ``fixed`` or ``bounds`` name no parameter of it.
    FitError
        If an option means nothing, the runs cannot determine the parameters, or the fit did not converge.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit(sl.laws.parscale, sl.load("parscale-pile"))
    >>> print(f"E = {pile.params['E']:.4f}, k = {pile.params['k']:.4f}, R2 = {pile.r2:.4f}")
    E = 1.2886, k = 0.3344, R2 = 0.9987
    """
    table = check_columns(runs)
    law = resolve(law, columns=tuple(table))
    guess = None
    if params is not None:
        from scalelaw.fit.lmfit_door import read_parameters

        fixed, bounds, tied, guess = read_parameters(law, params, fixed, bounds)
    else:
        tied = {}
    automatic = delta == "auto"
    if automatic and loss != "huber":
        raise FitError(f"delta='auto' is for loss='huber'; loss={loss!r} has no delta")
    settings = Settings(
        loss=loss,
        delta=1e-3 if automatic else delta,  # type: ignore[arg-type]
        space=space,
        overestimate=float(overestimate),
        fixed=dict(fixed or {}),
        tied=tied,
        bounds=dict(bounds or {}),
        weighted=weights is not None,
        thorough=thorough,
    )
    settings = check_settings(law, settings)
    check_one_convention(table)
    if not bootstrap:
        refuse_idle(resample, by, table)
    resampling = Resampling.plan(resample, by, table) if bootstrap else None
    columns = take(table, (*law.columns, "loss"), where=f"law {law.name!r}")
    numbers = {name: np.asarray(values, dtype=float) for name, values in columns.items()}
    row_weights = read_weights(weights, table, len(numbers["loss"]))
    reduced = reduce_law(law, settings)
    settings, problem, solution = _solve(reduced, settings, numbers, row_weights, guess, automatic=automatic)
    noise = replicate_noise(table, law, log=settings.log)
    draws = None
    if bootstrap and resampling is not None:
        known = drawn_noise(problem, solution.x, resampling, noise) if resampling.kind == "parametric" else None
        draws = bootstrap_draws(reduced, problem, solution, resampling, bootstrap, rng, thorough=thorough, noise=known)
        if settings.loss == "absolute":  # the solver's function is delta |r|
            draws = replace(draws, objective=draws.objective / problem.delta)
    beside = {name: table[name] for name in BESIDE if name in table and name not in columns}
    result = _result(reduced, settings, columns, row_weights, solution)
    result = replace(result, draws=draws, noise=noise, beside=beside)
    if throw and not result.converged:
        raise FitError(
            f"law {law.name!r} did not converge on these {result.rows} runs (objective {result.objective:.6g}); "
            "try thorough=True, bounds, or a law with fewer parameters; throw=False returns the fit as it stands",
            result,
        )
    return result


def _solve(
    reduced: Reduced,
    settings: Settings,
    columns: Columns,
    weights: np.ndarray | None,
    guess: np.ndarray | None,
    *,
    automatic: bool,
) -> tuple[Settings, Problem, Solution]:
    search = Search.of(reduced, columns, weights)
    check_runs(search, settings)
    guesses = None if guess is None else reduced.contract(dict(zip(reduced.full.parameters, guess, strict=True)))[None]
    solution = search.run(settings, guesses)
    for _ in range(_DELTA_ROUNDS if automatic else 0):
        residuals = search.problem(settings).residuals(solution.x[None])[0]
        spread = float(np.median(np.abs(residuals - np.median(residuals))))
        delta = max(AUTO_FACTOR * GAUSSIAN_MAD * spread, 1e-12)
        if abs(delta - (settings.delta or 0.0)) <= 1e-9 * delta:
            break
        settings = settings.with_delta(delta)
        solution = search.run(settings, solution.theta[None])
    return settings, search.problem(settings), solution


def read_weights(weights: Any, table: Mapping[str, Any], rows: int) -> np.ndarray | None:
    """The weights option as an array of shape (rows,): numbers, or the name of a column.

    Raises
    ------
    FitError
        If they are not numbers, one a row, finite, at least 0 and not all 0.
    """
    if weights is None:
        return None
    if isinstance(weights, str):
        if weights not in table:
            raise FitError(
                f"the weights column {weights!r} is not in the table, which has {', '.join(map(repr, table))}"
            )
        weights = table[weights]
    try:
        values = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise FitError("weights must be numbers, one a row") from None
    if values.shape != (rows,):
        raise FitError(f"weights must be one number a row, {rows} in all, not of shape {values.shape}")
    if not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        raise FitError("weights must be finite, at least 0, and not all 0")
    return values


def _result(
    reduced: Reduced,
    settings: Settings,
    columns: Columns,
    weights: np.ndarray | None,
    solution: Solution,
) -> Fit:
    theta = reduced.expand(solution.theta)
    params = dict(zip(reduced.full.parameters, map(float, theta), strict=True))
    residuals = settings.residuals(reduced.full.predict(columns, params), columns["loss"])
    objective = float(settings.objective(residuals, weights))
    if not _is_reached(settings, objective, solution.value):
        _refuse_unreached(reduced, columns, solution, objective)
    return Fit(
        law=reduced.full,
        params=params,
        objective=objective,
        settings=settings,
        columns=columns,
        weights=weights,
        convergence=solution.convergence,
    )


def _is_reached(settings: Settings, objective: float, solved: float) -> bool:
    """Whether the law at its parameters has the objective that the solver found."""
    if settings.loss == "absolute" or not np.isfinite(solved):
        return True
    return abs(objective - solved) <= 1e-6 * solved + 1e-20


def _refuse_unreached(reduced: Reduced, columns: Columns, solution: Solution, objective: float) -> NoReturn:
    """Refuse a law that has lost a part, or whose function gave the solver other losses than it gives now."""
    law = reduced.full
    numbers = {name: np.asarray(values, dtype=float) for name, values in columns.items()}
    coordinates = build(reduced.law, numbers).coordinates
    back = coordinates.from_parameters(coordinates.to_parameters(solution.x))
    lost = np.flatnonzero(~np.isclose(back, solution.x, rtol=1e-9, atol=0.0))
    if len(lost):
        name, value = reduced.law.parameters[lost[0]], solution.theta[lost[0]]
        power = coordinates.plan.amplitudes.get(int(lost[0]))
        rests_on = None if power is None else power.parameter
        exponent = name if rests_on is None else reduced.law.parameters[rests_on]
        along = "" if rests_on is None else f" as {exponent} went to {solution.theta[rests_on]:.1g}"
        raise FitError(
            f"a part of law {law.name!r} vanishes on these runs: {name} went to {value:.3g}{along}, where it is no "
            f"number any more; use a law without that part, or fix {exponent}"
        )
    raise FitError(
        f"law {law.name!r} gives other losses when it is called again "
        f"(objective {solution.value:.9g}, then {objective:.9g}): "
        "its function must depend on its columns and parameters alone"
    )
