"""The door to lmfit: its Parameters as options of a fit, and a fit as its ModelResult."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError, LawError
from scalelaw.fit.settings import Settings
from scalelaw.laws import compile_expression
from scalelaw.laws.door import check_names
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    import lmfit

    from scalelaw.fit.result import Fit

Bounds = dict[str, tuple[float, float]]


def read_parameters(
    law: Law,
    params: lmfit.Parameters,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[dict[str, float], Bounds, dict[str, str], np.ndarray]:
    """What lmfit.Parameters ask of a fit.

    ``vary=False`` fixes a parameter at its value and ``expr`` ties it to others. ``min`` and ``max`` are its bounds, an
    infinite one beside a finite one included. lmfit's default, both infinite, says nothing: the law's own bounds then
    hold, which are ``(0, inf)`` unless it says otherwise. An ``expr`` is read as a formula of this package (names,
    numbers, arithmetic and functions), not as the Python that lmfit allows.

    Parameters
    ----------
    law : Law
    params : lmfit.Parameters
        One for every parameter of the law.
    fixed, bounds : mapping, optional
        The options of `fit`, which must not name a parameter again.

    Returns
    -------
    fixed, bounds, tied : dict
    guess : array of shape (parameters,)
        Starting values in the law's order; those with an ``expr`` as lmfit evaluates it.

    Raises
    ------
    LawError
        If ``params`` lack a parameter of the law or have another one, or an ``expr`` cannot be read.
    FitError
        If something else is given, a starting value is missing or out of bounds, ``fixed`` or ``bounds`` name a
        parameter that ``params`` settle, or a tied parameter has bounds of its own.
    """
    if not (isinstance(params, Mapping) and hasattr(params, "valuesdict")):
        raise FitError(f"params must be lmfit.Parameters, not {type(params).__name__}; see fixed= and bounds=")
    _check_names(law, params, {"fixed": fixed or {}, "bounds": bounds or {}})
    held: dict[str, float] = {}
    limits: Bounds = {}
    tied: dict[str, str] = {}
    for name in law.parameters:
        each = params[name]
        ends = (float(each.min), float(each.max))
        # the law's own bounds, as `Law.to_lmfit` sets them, say nothing new either
        bounded = bool(np.isfinite(ends).any()) and ends != law.bound(name)
        if each.expr:
            if bounded:
                raise FitError(
                    f"{name!r} is tied by expr={each.expr!r} and cannot have min or max too; bound the others"
                )
            tied[name] = _formula(name, each.expr)
        elif not each.vary:
            held[name] = _start(name, each.value)
        else:
            if bounded:
                limits[name] = ends
            _start(name, each.value, (-np.inf, np.inf) if bounded else law.bound(name))
    # lmfit too moves a starting value to the nearest bound, though not before it fits
    guess = np.array([np.clip(params[name].value, params[name].min, params[name].max) for name in law.parameters])
    return held, limits, tied, guess


def to_lmfit(fit: Fit) -> lmfit.model.ModelResult:
    """The same fit as an lmfit result, started at the optimum, with the same bounds, fixed and tied parameters.

    lmfit minimises sums of squares. Its residuals here are signed square roots of twice the terms of the objective, so
    that the sum of squares is twice the objective for a Huber loss too, and ``conf_interval`` profiles that objective.

    The standard errors and the confidence intervals of lmfit assume least squares with independent Gaussian errors of
    one size. They are not calibrated for a Huber loss; the bootstrap of `fit` gives intervals that are.

    Returns
    -------
    lmfit.model.ModelResult
        ``best_values`` agree with ``fit.params`` to about 1e-6; ``best_fit`` is log loss or loss, by ``space``.

    Raises
    ------
    LawError
        For a law by groups, whose parameters lmfit cannot name.
    FitError
        For ``loss="absolute"``, whose square root has no derivative where a residual is 0.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> print(f"{pile.to_lmfit().best_values['k']:.5f} {pile.params['k']:.5f}")
    0.33444 0.33444
    """
    check_names(fit.law)
    settings = fit.settings
    if settings.loss == "absolute":
        raise FitError(
            "lmfit minimises sums of squares, which cannot stand for absolute values; fit with loss='huber' and a "
            "small delta, which comes close to them"
        )
    model = _model(fit)
    columns = {name: np.asarray(fit.columns[name], dtype=float) for name in fit.law.columns}
    # what MINPACK's forward differences can resolve; tighter tolerances only make it report that it cannot go on
    options = {"ftol": 1e-12, "xtol": 1e-12, "gtol": 1e-12}
    data = settings.target(fit.columns["loss"])
    return model.fit(data, _parameters(fit, model), weights=fit.weights, fit_kws=options, **columns)


def _check_names(law: Law, params: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]]) -> None:
    unknown = [name for name in params if name not in law.parameters]
    missing = [name for name in law.parameters if name not in params]
    for names, verb in ((unknown, "have"), (missing, "lack")):
        if names:
            raise LawError(
                f"params {verb} {', '.join(map(repr, names))}, and law {law.name!r} has the parameters "
                f"{', '.join(law.parameters)}; give params exactly those"
            )
    for option, given in options.items():
        twice = [name for name in given if name in params]
        if twice:
            how = "vary=False" if option == "fixed" else "min and max"
            raise FitError(
                f"{', '.join(map(repr, twice))} is settled by params and named by {option} again; "
                f"set {how} in params and leave {option} out"
            )


def _formula(name: str, expr: str) -> str:
    try:
        compile_expression(expr)
    except LawError as error:
        raise LawError(f"the expr of {name!r} cannot be read as a formula: {error}") from None
    return expr


def _start(name: str, value: Any, bounds: tuple[float, float] = (-np.inf, np.inf)) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise FitError(f"params give {name!r} no value ({number}); set a starting value")
    if not bounds[0] <= number <= bounds[1]:
        raise FitError(
            f"{name!r} starts at {number:g}, outside its bounds {bounds[0]:g} to {bounds[1]:g}; "
            "set min and max in params, or another value"
        )
    return number


def _model(fit: Fit) -> Any:
    """An lmfit model whose residuals carry the objective."""
    import lmfit

    class ObjectiveModel(lmfit.Model):  # type: ignore[misc]
        def _residual(self, params: Any, data: Any, weights: Any, **columns: Any) -> np.ndarray:
            plain = super()._residual(params, data, None, **columns)
            return signed_roots(plain, fit.settings, weights)

    made = fit.law.to_lmfit(fit.settings.space)  # type: ignore[arg-type]
    return ObjectiveModel(
        made.func, independent_vars=made.independent_vars, param_names=made.param_names, name=made.name
    )


def signed_roots(residuals: np.ndarray, settings: Settings, weights: np.ndarray | None) -> np.ndarray:
    """Numbers whose squares sum to twice the objective, for residuals observed minus predicted, shape (rows,).

    Examples
    --------
    >>> roots = signed_roots(np.array([0.0005, -0.003]), Settings(delta=0.001), None)
    >>> print(roots.round(7), np.isclose((roots**2).sum() / 2, Settings().objective(np.array([-0.0005, 0.003]))))
    [ 0.0005    -0.0022361] True
    """
    terms = settings.objective(-residuals[:, None])  # every row a sum of its own
    if weights is not None:
        terms = terms * weights
    return np.asarray(np.copysign(np.sqrt(2.0 * terms), residuals))


def _parameters(fit: Fit, model: Any) -> Any:
    values = dict(fit.params)
    made = model.make_params(**values)
    tied = fit.settings.tied
    for name in fit.law.parameters:
        low, high = fit.settings.bounds.get(name, fit.law.bound(name))
        if name in fit.settings.fixed:
            made[name].set(vary=False, min=-np.inf, max=np.inf)
            made[name].set(value=values[name])
        elif name not in tied:
            made[name].set(value=values[name], min=low, max=high)
    for name, expr in tied.items():
        made[name].set(min=-np.inf, max=np.inf)
        made[name].set(expr=re.sub(r"\bln\s*\(", "log(", expr.replace("^", "**")))
    return made
