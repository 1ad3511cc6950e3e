"""The numbers that are derived from a law, each a function of parameter sets, and how they are written in text.

A parameter is written by its name, every other quantity with what it is at, ``loss at N=70B,D=1.4T``, which a shell
takes in quotes as it stands; ``loss(N=70B, D=1.4T)`` is read as well. Wherever a quantity is asked for, in Python or in
the shell, its text will do.

>>> import scalelaw as sl
>>> pile = sl.fit("parscale", sl.load("parscale-pile"), bootstrap=300, rng=0)
>>> found = sl.interval_of(pile, "multiplier at N=1.6B,P=8")
>>> print(f"{found.name} = {found.value:.2f}")
multiplier at N=1.6B,P=8 = 1.70
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.allocation.best import Best
from scalelaw.analysis.amounts import amount
from scalelaw.analysis.closed import closed_form
from scalelaw.analysis.columns import held_columns, need_columns, read_values
from scalelaw.analysis.equivalence import equivalent_parameters
from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.degenerate import require_column
from scalelaw.fit.quantity import Quantity, parameter
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

__all__ = [
    "Quantity",
    "exponent_a",
    "exponent_b",
    "multiplier",
    "n_equivalent",
    "optimal_d",
    "optimal_n",
    "parameter",
    "prediction",
    "read_quantity",
    "shown",
]


def prediction(fit: Fit, **columns: Any) -> Quantity:
    """The loss at one value of every column of the law, nats per token; for the mean of runs.

    A column that the fitted runs have only one value of need not be given.
    """
    values = held_columns(fit, (), columns)
    row = {name: np.array([value]) for name, value in values.items()}
    of = partial(_loss, law=fit.law, row=row)
    return Quantity(shown("loss", values), of, positive=fit.settings.log, predicts=True)


def n_equivalent(fit: Fit, *, N: Any, P: Any, **other_columns: Any) -> Quantity:
    """Parameters that a model without streams needs for the loss of N parameters with P streams."""
    return _equivalent("N_equivalent", fit, N, P, other_columns, unit=1.0)


def multiplier(fit: Fit, *, N: Any, P: Any, **other_columns: Any) -> Quantity:
    """How many times its parameters a model with P streams is worth: `n_equivalent` over N."""
    return _equivalent("multiplier", fit, N, P, other_columns, unit=_one("N", N))


def optimal_n(fit: Fit, *, C: Any, P: Any = 1, **other_columns: Any) -> Quantity:
    """N* of least loss for a training budget C = 6 N D P, FLOPs."""
    best = Best.of(fit, _one("C", C), _one("P", P), other_columns)
    return Quantity(shown("N*", best.at), best.parameters, positive=True)


def optimal_d(fit: Fit, *, C: Any, P: Any = 1, **other_columns: Any) -> Quantity:
    """D* = C / (6 N* P) of least loss for a training budget, tokens."""
    best = Best.of(fit, _one("C", C), _one("P", P), other_columns)
    return Quantity(shown("D*", best.at), best.tokens, positive=True)


def exponent_a(fit: Fit, *, C: Any = None, P: Any = 1, **other_columns: Any) -> Quantity:
    """a of N*(C) ~ C^a, for C = 6 N D P.

    beta / (alpha + beta) for a law of two terms A N^-alpha and B D^-beta, else the slope of ln N* in ln C at ``C``, by
    default the budget of the middle of the runs.
    """
    best = Best.of(fit, None if C is None else _one("C", C), _one("P", P), other_columns)
    return Quantity(shown("a", {} if C is None else best.at), best.exponent_a)


def exponent_b(fit: Fit, *, C: Any = None, P: Any = 1, **other_columns: Any) -> Quantity:
    """b = 1 - a of D*(C) ~ C^b; options as for `exponent_a`."""
    best = Best.of(fit, None if C is None else _one("C", C), _one("P", P), other_columns)
    return Quantity(shown("b", {} if C is None else best.at), best.exponent_b)


VOCABULARY: Mapping[str, Callable[..., Quantity]] = {
    "loss": prediction,
    "N_equivalent": n_equivalent,
    "multiplier": multiplier,
    "N*": optimal_n,
    "D*": optimal_d,
    "a": exponent_a,
    "b": exponent_b,
}
"""What a quantity is called in text, and the function that makes it."""
EXAMPLES = "alpha, 'loss at N=70B,D=1.4T', 'multiplier at N=1.6B,P=8', 'N_equivalent at N=1.6B,P=8', 'N* at C=1e21', a"
_NEEDED = {"N_equivalent": ("N", "P"), "multiplier": ("N", "P"), "N*": ("C",), "D*": ("C",)}
_TEXT = re.compile(r"\s*(?P<name>\S+?)\s*(?:\((?P<inner>[^()]*)\)|\s+at\s+(?P<after>[^()]*))?\s*")


def read_quantity(fit: Fit, text: str) -> Quantity:
    """A quantity from its text: a parameter's name, or a name of `VOCABULARY` and what it is at.

    Parameters
    ----------
    fit : Fit
    text : str
        ``alpha``; ``loss at N=70B,D=1.4T``; ``N_equivalent at N=1.6B,P=8``, the parameters that one stream needs for
        the same loss, or ``multiplier``, that over N; ``N* at C=1e21`` or ``D*``, the best for a training budget, and
        ``a`` and ``b``, their exponents. A P that is not given is 1.

    Returns
    -------
    Quantity

    Raises
    ------
    FitError
        If it cannot be read, or a column of the law is needed and not given.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> read_quantity(pile, "alpha").name, read_quantity(pile, "loss(N=1.6e9, P=8)").name
    ('alpha', 'loss at N=1.6B,P=8')
    """
    match = _TEXT.fullmatch(text)
    name, where = (match["name"], match["inner"] or match["after"] or "") if match else ("", "")
    given = _columns(where)
    if match and text.strip() == name and name in fit.law.parameters:
        return parameter(fit, name)
    if name not in VOCABULARY or given is None:
        raise FitError(
            f"cannot read the quantity {text!r}; write a parameter of law {fit.law.name!r} "
            f"({', '.join(fit.law.parameters)}) or another such as {EXAMPLES}"
        )
    needed = _NEEDED.get(name, ())
    missing = [column for column in needed if column not in given]
    if missing:
        raise FitError(f"{text!r} lacks {' and '.join(missing)}; write it like {EXAMPLES}")
    if "P" in fit.law.columns:
        given.setdefault("P", "1")
    return VOCABULARY[name](fit, **given)


def shown(name: str, values: Mapping[str, float]) -> str:
    """A quantity's name in the spelling that `read_quantity` reads.

    Examples
    --------
    >>> shown("loss", {"N": 1.6e9, "D": 1.4e12, "P": 8}), shown("N*", {"C": 1e21}), shown("a", {})
    ('loss at N=1.6B,D=1.4T,P=8', 'N* at C=1e21', 'a')
    """
    at = ",".join(f"{column}={amount(column, value, digits=12)}" for column, value in values.items())
    return f"{name} at {at}" if at else name


def _columns(where: str) -> dict[str, str] | None:
    """Values by name; None where the text is none."""
    pairs = [[each.strip() for each in part.partition("=")] for part in where.split(",") if part.strip()]
    whole = all(sign and key and value for key, sign, value in pairs) and len({key for key, *_ in pairs}) == len(pairs)
    return {key: value for key, _, value in pairs} if whole else None


def _loss(theta: np.ndarray, *, law: Law, row: Mapping[str, np.ndarray]) -> np.ndarray:
    return law_losses(law, row, theta)[:, 0]


def _equivalent(name: str, fit: Fit, N: Any, P: Any, other_columns: dict[str, Any], *, unit: float) -> Quantity:
    need_columns(fit, "N", "P", what="equivalence")
    require_column(fit, "N", what="an equivalent N")
    given = {"N": _one("N", N), "P": _one("P", P)}
    columns = {
        each: np.array([value]) for each, value in {**given, **held_columns(fit, ("N", "P"), other_columns)}.items()
    }
    of = partial(_worth, fit=replace(fit, draws=None), columns=columns, unit=unit)
    return Quantity(shown(name, {each: float(value[0]) for each, value in columns.items()}), of, positive=True)


def _worth(theta: np.ndarray, *, fit: Fit, columns: dict[str, np.ndarray], unit: float) -> np.ndarray:
    return equivalent_parameters(fit, columns, theta, closed_form(fit.law))[:, 0] / unit


def _one(name: str, given: Any) -> float:
    values = read_values(name, given)
    if len(values) != 1:
        raise FitError(f"a quantity is for one value of {name}, not {len(values)}; make one quantity for each")
    return float(values[0])
