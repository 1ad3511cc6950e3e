"""What the runs leave open: how ill-conditioned a fit is, and which parameters trade off against which, by refits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.diagnosis.finding import Finding
from scalelaw.analysis.diagnosis.local import Local
from scalelaw.errors import FitError
from scalelaw.fit.profile import Curve, curves

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

_SILENT = 1e-10
"""Effect on the losses, relative to the largest of a coordinate, from which on a coordinate has none."""
_TRADE, _INFLATED, _WIDE = 0.9, 4.0, 0.05
"""Correlation, widening of an interval by what is not known of the other parameters, and relative half-width of it from
which a trade-off is worth a sentence."""


def condition(fit: Fit) -> float:
    """Condition number of the slopes of the residuals, each coordinate scaled to size 1; infinite if one does nothing.

    Columns are at their geometric means here, so that units do not make a fit look worse than it is. From about 30 on
    some combination of parameters is badly determined (Belsley, Kuh and Welsch 1980, Regression Diagnostics).

    Examples
    --------
    >>> import scalelaw as sl
    >>> print(f"{condition(sl.fit('chinchilla', sl.load('chinchilla'))):.0f}")
    40
    """
    return condition_of(_slopes(Local.of(fit)))


def condition_of(slopes: np.ndarray) -> float:
    """Condition number of slopes (rows, q), each column scaled to size 1."""
    sizes = np.sqrt((slopes**2).sum(0))
    if len(slopes) < len(sizes) or not (sizes > 0).all():
        return float("inf")
    singular = np.linalg.svd(slopes / sizes, compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 1e-14 * singular[0] else float("inf")


def correlations(fit: Fit) -> pd.DataFrame:
    """Correlations of the estimates of the free parameters, to first order, with columns at their geometric means.

    In the parameters as printed, A and alpha of A / N^alpha correlate nearly perfectly whatever the runs are, since N
    is far from 1; with N in units of its geometric mean they correlate only as far as the runs make them. NaN with a
    parameter at a bound or without effect.

    Examples
    --------
    >>> import scalelaw as sl
    >>> print(f"{correlations(sl.fit('parscale', sl.load('parscale-pile'))).loc['E', 'alpha']:.3f}")
    0.997
    """
    import pandas as pd

    local = Local.of(fit)
    return pd.DataFrame(_correlations(local)[0], index=list(local.names), columns=list(local.names))


def identifiability(fit: Fit, *, level: float = 0.95) -> pd.DataFrame:
    """How far each free parameter can be moved, all others refitted, before the objective rises above its noise.

    The ends are those of the profile (`scalelaw.fit.profile`): constrained refits, not the parabola at the optimum.

    Parameters
    ----------
    fit : Fit
    level : float
        What noise is: of repeated experiments, this share raises the objective less at the true parameters.

    Returns
    -------
    DataFrame
        One row a free parameter that is neither at a bound nor without effect: ``parameter``, ``value``, ``low``,
        ``high``; ``inflation``, how many times its standard error is larger than if all other parameters were known;
        ``partner``, the parameter that it correlates with most closely (see `correlations`; of several beyond 0.9 one
        without units), ``correlation``, ``partner_low`` and ``partner_high``, the partner as refitted along the way;
        ``says``.

    Raises
    ------
    FitError
        If the fit did not converge or leaves no noise to measure by: no run to spare, or runs that lie on the law.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = identifiability(sl.fit("parscale", sl.load("parscale-stack")))
    >>> frame["says"].iloc[0].partition(" changes")[0]
    'E and alpha trade off: E in 0.53 to 0.798 (alpha refitted, 0.134 to 0.268)'
    """
    import pandas as pd

    local = Local.of(fit)
    if local.scale is None:
        raise FitError("there is no noise to measure the objective by: no run to spare, or all runs lie on the law")
    matrix, inflation = _correlations(local)
    # an exponent whose amplitude is 0 can be moved anywhere, which degenerate fits say of themselves
    names = [
        name for name, free, each in zip(local.names, local.free, inflation, strict=True) if free and np.isfinite(each)
    ]
    rows = []
    for name, curve in zip(names, curves(fit, names, levels=(level,)) if names else [], strict=True):
        place = local.names.index(name)
        row: dict[str, Any] = {"parameter": name, "value": fit.params[name]}
        row["low"], row["high"] = curve.interval(level)
        row["inflation"] = float(inflation[place])
        others = [j for j, each in enumerate(local.names) if each != name and each in names]
        if others:
            partner = _partner(local, matrix[place], others)
            row |= {"partner": local.names[partner], "correlation": float(matrix[place, partner])}
            row["partner_low"], row["partner_high"] = _along(curve, fit, local.names[partner], row["low"], row["high"])
        rows.append(row | {"says": _say(row)})
    columns = ["parameter", "value", "low", "high", "inflation", "partner", "correlation"]
    return pd.DataFrame(rows, columns=[*columns, "partner_low", "partner_high", "says"])


def identifiability_findings(frame: pd.DataFrame, conditioned: float) -> list[Finding]:
    """Sentences on parameters that trade off, each pair once, from the frame of `identifiability`."""
    findings, told = [], set[frozenset[str]]()
    for row in frame.to_dict("records"):
        pair = frozenset((row["parameter"], str(row["partner"])))
        width = (row["high"] - row["low"]) / (2 * abs(row["value"]) or 1.0)
        if pair in told or not (abs(row["correlation"]) > _TRADE and row["inflation"] > _INFLATED and width > _WIDE):
            continue
        told.add(pair)
        findings.append(Finding("identifiability", f"{row['says']} (condition {conditioned:.0f})."))
    return findings


def _slopes(local: Local) -> np.ndarray:
    weighted = np.sqrt(local.weights)[:, None] * local.slopes
    return np.asarray(weighted[np.ix_(local.weights > 0, local.free)])


def _correlations(local: Local) -> tuple[np.ndarray, np.ndarray]:
    """Correlations (q, q) of the coordinates, and by how much not knowing the others widens each (q,); NaN for one
    that is at a bound or without effect."""
    size = len(local.names)
    matrix, inflation = np.full((size, size), np.nan), np.full(size, np.nan)
    slopes = _slopes(local)
    norms = np.sqrt((slopes**2).sum(0))
    live = norms > _SILENT * norms.max(initial=0.0)
    slopes, norms = slopes[:, live], norms[live]
    if len(norms) and len(slopes) >= slopes.shape[1] and np.isfinite(condition_of(slopes)):
        inverse = np.linalg.inv((slopes / norms).T @ (slopes / norms))
        errors = np.sqrt(np.diag(inverse))
        free = np.flatnonzero(local.free)[live]
        matrix[np.ix_(free, free)] = inverse / np.outer(errors, errors)
        inflation[free] = errors
    return matrix, inflation


def _partner(local: Local, correlation: np.ndarray, others: list[int]) -> int:
    """The closest parameter; of several close ones rather one without units, which says more: alpha rather than A."""
    scales = local.reopened.problem.model.coordinates.plan.units.values()
    plain = [j for j in others if abs(correlation[j]) > _TRADE and not any(j in powers for powers in scales)]
    return max(plain or others, key=lambda j: abs(correlation[j]))


def _along(curve: Curve, fit: Fit, partner: str, low: float, high: float) -> tuple[float, float]:
    """Range of another parameter along a profile, between two values of its own."""
    values, path = curve.values, curve.theta[:, fit.law.parameters.index(partner)]
    ends = np.interp(np.clip([low, high], values[0], values[-1]), values, path)
    inside = path[(values >= low) & (values <= high)]
    return float(min([*ends, *inside])), float(max([*ends, *inside]))


def _say(row: dict[str, Any]) -> str:
    name = row["parameter"]
    moved = f"{name} in {row['low']:.3g} to {row['high']:.3g}"
    if "partner" in row and abs(row["correlation"]) > _TRADE:
        partner = row["partner"]
        refitted = f"({partner} refitted, {row['partner_low']:.3g} to {row['partner_high']:.3g})"
        return f"{name} and {partner} trade off: {moved} {refitted} changes the objective by less than its noise"
    return f"{moved} changes the objective by less than its noise"
