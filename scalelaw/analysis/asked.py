"""The number that matters to the user, from the words it is asked for in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scalelaw.errors import FitError
from scalelaw.fit.quantity import Given, Quantity, as_quantity

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

NAMES = {
    "loss": "prediction",
    "N_equivalent": "n_equivalent",
    "multiplier": "multiplier",
    "N*": "optimal_n",
    "D*": "optimal_d",
    "a": "exponent_a",
    "b": "exponent_b",
}
"""What may stand before "at", and the function of `scalelaw.analysis.quantities` that it means."""

_EXAMPLE = "'alpha', 'loss at N=70B,D=1.4T', 'multiplier at N=1.6B,P=8' or 'N* at C=1e21'"


def asked(fit: Fit, of: Given) -> Quantity:
    """A quantity of a fit.

    Parameters
    ----------
    fit : Fit
    of : str, Quantity or callable
        A parameter; ``"loss at N=70B,D=1.4T"``; ``"N_equivalent at N=1.6B,P=8"``, the parameters that one stream needs
        for the same loss, or ``multiplier``, that over N; ``"N* at C=1e21"`` or ``D*``, the best for a training budget,
        and ``a`` and ``b``, their exponents; a quantity; or a function of parameter sets (sets, parameters) that gives
        (sets,).

    Returns
    -------
    Quantity

    Raises
    ------
    FitError
        If it is none of these, or a column of the law is needed and not given.

    Examples
    --------
    >>> import numpy as np
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> theta = np.array([list(pile.params.values())])
    >>> asked(pile, "loss at N=1.6B, P=8")(theta).round(4), asked(pile, "k")(theta).round(4)
    (array([1.8865]), array([0.3344]))
    """
    if not isinstance(of, str):
        return as_quantity(fit, of)
    what, _, where = (part.strip() for part in of.partition(" at "))
    if what in fit.law.parameters and not where:
        return as_quantity(fit, what)
    if what not in NAMES or (not where and what not in ("a", "b")):
        raise FitError(
            f"cannot read {of!r}: it is no parameter of law {fit.law.name!r} ({', '.join(fit.law.parameters)}); "
            f"write {_EXAMPLE}"
        )
    from scalelaw.analysis import quantities

    made: Quantity = getattr(quantities, NAMES[what])(fit, **_columns(fit, what, where, of))
    return made


def _columns(fit: Fit, what: str, where: str, of: str) -> dict[str, Any]:
    """Values by name, P = 1 where a law reads it and it is not given."""
    given = {}
    for part in where.split(",") if where else ():
        name, sign, value = (each.strip() for each in part.partition("="))
        if not (name and sign and value):
            raise FitError(f"cannot read {part.strip()!r} in {of!r}; write {_EXAMPLE}")
        given[name] = value
    if "P" in fit.law.columns:
        given.setdefault("P", "1")
    needed = {"N_equivalent": ("N", "P"), "multiplier": ("N", "P"), "N*": ("C",), "D*": ("C",)}.get(what, ())
    missing = [name for name in needed if name not in given]
    if missing:
        raise FitError(f"{of!r} lacks {' and '.join(missing)}; write {_EXAMPLE}")
    return given
