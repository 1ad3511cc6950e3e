"""The parameters of a fit as a LaTeX table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scalelaw.fit.derived import has_intervals
from scalelaw.fit.intervals import check_kind
from scalelaw.laws.expression import Expression
from scalelaw.laws.latex import latex, symbol

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_PLAIN_EXPONENTS = range(-3, 5)
_DIGITS = 4


def to_latex(fit: Fit, *, level: float = 0.95, kind: str = "bc") -> str:
    r"""The parameters as a table for the LaTeX package ``booktabs``, without a caption.

    A value has as many digits as its interval supports, two in half the interval's width; without an interval it has
    four significant ones.

    Parameters
    ----------
    fit : Fit
    level, kind
        Of the interval, see `scalelaw.fit.derived.interval_of`.

    Raises
    ------
    FitError
        If the level or the kind means nothing.

    Examples
    --------
    >>> import scalelaw as sl
    >>> print(sl.fit("parscale", sl.load("parscale-pile")).to_latex().strip())
    % parscale: E + (A / (N (k ln P + 1)))^alpha; 24 runs with N, P, loss; sum of Huber(delta = 0.001) of log residuals
    % needs \usepackage{booktabs}
    \begin{tabular}{ll}
    \toprule
    Parameter & Value \\
    \midrule
    $E$ & $1.289$ \\
    $A$ & $1.975 \times 10^{8}$ \\
    $\alpha$ & $0.1963$ \\
    $k$ & $0.3344$ \\
    \bottomrule
    \end{tabular}
    """
    check_kind(level, kind)
    rows = [_row(fit, name, level, kind) for name in fit.law.parameters]
    head = ["Parameter", "Value"]
    if any(row[2] for row in rows):
        drawn = rf"{100 * level:g}\,\% interval" if has_intervals(fit, kind) else ""
        head.append(drawn)
    cells = [head, *(row[: len(head)] for row in rows)]
    first, *others = (" & ".join(line).rstrip() + r" \\" for line in cells)
    law = fit.law.name if fit.law.name == fit.law.formula else f"{fit.law.name}: {fit.law.formula}"
    about = f"{law}; {fit.rows} runs with {', '.join(fit.columns)}; {fit.settings.describe()}"
    lines = [
        f"% {' '.join(about.split())}",
        r"% needs \usepackage{booktabs}",
        rf"\begin{{tabular}}{{{'l' * len(head)}}}",
        *(r"\toprule", first, r"\midrule", *others, r"\bottomrule", r"\end{tabular}"),
    ]
    return "\n".join(lines) + "\n"


def scientific(value: float, *, place: int | None = None) -> str:
    r"""A number in math mode, without dollar signs.

    Parameters
    ----------
    value : float
    place : int, optional
        Power of ten of the last digit shown; by default that of the fourth significant one.

    Examples
    --------
    >>> print(scientific(197516579.2), scientific(0.19628, place=-3), scientific(-2.5e-7, place=-8))
    1.975 \times 10^{8} 0.196 -2.5 \times 10^{-7}
    """
    if not math.isfinite(value):
        return r"\mathrm{NaN}" if math.isnan(value) else r"\infty" if value > 0 else r"-\infty"
    if value == 0.0:
        return "0"
    place = _exponent(value) - _DIGITS + 1 if place is None else place
    if _exponent(value) < place:  # smaller than the last digit shown: 0 or one of it
        value = round(value / 10.0**place) * 10.0**place
        if value == 0.0:
            return "0"
    digits = max(0, _exponent(value) - place)
    mantissa, _, power = f"{value:.{digits}e}".partition("e")
    exponent = int(power)  # of the rounded number: 9.9996 becomes 10.00
    if exponent in _PLAIN_EXPONENTS and place <= 0:
        return f"{value:.{-place}f}"
    return rf"{mantissa} \times 10^{{{exponent}}}"


def _row(fit: Fit, name: str, level: float, kind: str) -> list[str]:
    """Symbol, value, and the interval or what stands in its place."""
    value = fit.params[name]
    place, third = None, ""
    if name in fit.settings.fixed:
        third = "fixed"
    elif has_intervals(fit, kind):
        low, high = fit.interval(name, level=level, kind=kind)
        half = (high - low) / 2
        if math.isfinite(half) and half > 0:
            place = _exponent(half) - 1
        third = f"$[{scientific(low, place=place)}, {scientific(high, place=place)}]$"
    if name in fit.settings.tied:
        third = f"{third} $= {latex(Expression(fit.settings.tied[name]).tree)}$".strip()
    return [f"${symbol(name)}$", f"${scientific(value, place=place)}$", third]


def _exponent(value: float) -> int:
    """Power of ten of the first significant digit, exact also for powers of ten."""
    return int(f"{value:.16e}".partition("e")[2])
