"""How much the answer depends on choices that someone else would have made otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.variants import KINDS, Variant, variants
from scalelaw.errors import FitError
from scalelaw.fit.covariance import covariance
from scalelaw.fit.fitting import fit as fit_law
from scalelaw.fit.intervals import check_interval, interval
from scalelaw.fit.predict import parameter_sets
from scalelaw.fit.quantity import Given, as_quantity
from scalelaw.fit.result import Fit
from scalelaw.laws.law import Law
from scalelaw.runs import check_columns

if TYPE_CHECKING:
    import pandas as pd


def sensitivity(
    law: Law | str | Fit,
    runs: pd.DataFrame | Mapping[str, Any] | None = None,
    *,
    of: Given,
    only: Iterable[str] | None = None,
    level: float = 0.95,
    kind: str = "bc",
    **fit_options: Any,
) -> pd.DataFrame:
    """Refit under other choices, and say what each does to the number that matters.

    The choices are those that studies of the same data were found to differ in (Li et al. 2025, (Mis)Fitting: a survey
    of scaling laws, arXiv:2502.18969): Huber's delta, the loss, residuals of log or raw loss, how N is counted,
    checkpoints, replicates, the smallest and the largest sizes, outliers, weights. Each is changed alone.

    Parameters
    ----------
    law : Law, str or Fit
        A fit brings its law, its runs and its options as the base.
    runs : DataFrame or mapping of str to array, optional
        With a fit not needed, since it keeps what the choices take: ``N_backbone``, ``N_total``, ``n_embedding`` and
        ``n_head`` for ways to count, ``run`` and ``step`` for checkpoints, ``loss_se`` for weights.
    of : str, Quantity or callable
        What matters, see `scalelaw.analysis.quantities`: a parameter, ``"loss at N=70B,D=1.4T"``, ``"N* at C=1e21"``, a
        quantity, or a function of parameter sets. An N in the text stays the number it is under every way to count.
    only : iterable of str, optional
        Kinds of choices, of ``delta``, ``loss``, ``space``, ``count``, ``checkpoints``, ``seeds``, ``sizes``,
        ``outliers``, ``weights``; all by default.
    level, kind
        Of the intervals, which are there with ``bootstrap``.
    **fit_options
        Options of `fit` for the base and every other choice, such as ``delta``, ``fixed`` or ``bootstrap``.

    Returns
    -------
    DataFrame
        The base first: ``what`` (the kind of choice), ``variant``, ``rows`` (used), ``value``, ``change`` (from the
        base), ``relative`` (that over the base), ``error`` (standard error of the value by the covariance of
        `scalelaw.fit.covariance`; NaN where there is none), with ``bootstrap`` also ``low`` and ``high``;
        ``converged``; ``notes``, which say why a number is missing. ``attrs["of"]`` names the quantity.

    Raises
    ------
    FitError
        If the quantity, a kind or an option means nothing, or the base cannot be fitted.

    Examples
    --------
    >>> import scalelaw as sl
    >>> table = sensitivity("parscale", sl.load("parscale-pile"), of="k", only=["loss", "sizes"])
    >>> table[["variant", "rows", "value", "change"]].round(3)
                     variant  rows  value  change
    0                   base    24  0.334   0.000
    1          least squares    24  0.339   0.004
    2         least absolute    24  0.336   0.001
    3  1 smallest N left out    20  0.350   0.016
    4  2 smallest N left out    16  0.366   0.032
    5  3 smallest N left out    12  0.387   0.053
    6     largest N left out    20  0.323  -0.012
    """
    import pandas as pd

    check_interval(level, kind)
    wanted = KINDS if only is None else tuple(only)
    unknown = [name for name in wanted if name not in KINDS]
    if unknown:
        raise FitError(f"{unknown[0]!r} is no kind of choice; there are {', '.join(KINDS)}")
    base, law, table, options = _base(law, runs, fit_options)
    first = _value(base, of)
    rows = [_row("base", "base", base, of, first, level=level, kind=kind)]
    for variant in variants(base, table, options):
        if variant.kind in wanted:
            rows.append(_refitted(law, variant, of, first, level=level, kind=kind))
    frame = pd.DataFrame(rows)
    order = {name: place for place, name in enumerate(("base", *KINDS))}
    frame = frame.sort_values("what", key=lambda what: what.map(order), kind="stable", ignore_index=True)
    frame.attrs |= {"of": _name(of), "law": base.law.name}
    return frame


def _base(law: Law | str | Fit, runs: Any, given: Mapping[str, Any]) -> tuple[Fit, Law, dict[str, Any], dict[str, Any]]:
    """The base fit, its law, the table and the options."""
    options = {"throw": False, **given}
    if isinstance(law, Fit):
        base = law
        if base.settings.tied:
            raise FitError("parameters that are tied by lmfit cannot be refitted here; give the law and the runs")
        settings = base.settings
        own = {"loss": settings.loss, "space": settings.space, "overestimate": settings.overestimate}
        own |= {"fixed": dict(settings.fixed), "bounds": dict(settings.bounds), "thorough": settings.thorough}
        own |= {"weights": base.weights} | ({"delta": settings.delta} if settings.delta else {})
        options = {**own, **options}
        table = check_columns(base.table if runs is None else runs)
        if len(table["loss"]) != base.rows:
            raise FitError(
                f"the table has {len(table['loss'])} rows and the fit saw {base.rows}; give the table that was fitted"
            )
        if given:
            base = fit_law(base.law, table, **options)
        return base, base.law, table, options
    if runs is None:
        raise FitError("a law alone has no runs to be refitted to; give them, or a fit")
    table = check_columns(runs)
    if isinstance(options.get("weights"), str):
        options["weights"] = table[options["weights"]] if options["weights"] in table else options["weights"]
    base = fit_law(law, table, **options)
    return base, base.law, table, options


def _refitted(law: Law, variant: Variant, of: Given, first: float, *, level: float, kind: str) -> dict[str, Any]:
    try:
        found = fit_law(law, variant.table, **variant.options)
        return _row(variant.kind, variant.name, found, of, first, level=level, kind=kind)
    except FitError as error:
        row: dict[str, Any] = {"what": variant.kind, "variant": variant.name, "rows": len(variant.table["loss"])}
        row |= dict.fromkeys(("value", "change", "relative", "error"), np.nan)
        return {**row, "converged": False, "notes": str(error)}


def _row(what: str, name: str, found: Fit, of: Given, first: float, *, level: float, kind: str) -> dict[str, Any]:
    value = _value(found, of)
    row = {"what": what, "variant": name, "rows": found.rows, "value": value, "change": value - first}
    row |= {"relative": (value - first) / abs(first) if first else np.nan, "error": _error(found, of, value)}
    if found.draws is not None:
        draws = as_quantity(found, of)(parameter_sets(found, draws=True)[1:])
        row["low"], row["high"] = (float(end) for end in interval(draws, value, level=level, kind=kind))
    notes = "" if found.converged else "did not converge"
    return row | {"converged": found.converged, "notes": notes or "; ".join(_doubts(found))}


def _doubts(found: Fit) -> list[str]:
    return [f"{name} at its bound {found.params[name]:g}" for name in found.convergence.at_bounds]


def _value(found: Fit, of: Given) -> float:
    return float(as_quantity(found, of)(parameter_sets(found, draws=False))[0])


def _error(found: Fit, of: Given, value: float) -> float:
    """Standard error by the covariance of the fit, to first order; NaN where there is none."""
    quantity = as_quantity(found, of)
    try:
        error = covariance(found).deviation(quantity)
    except FitError:
        return float("nan")
    return error * (abs(value) if quantity.positive else 1.0)


def _name(of: Given) -> str:
    return of if isinstance(of, str) else str(getattr(of, "name", getattr(of, "__name__", "quantity")))
