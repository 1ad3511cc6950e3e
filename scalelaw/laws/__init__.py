"""The laws: each a `Law` object; `ALL` holds the built-in ones, `parse` reads a formula, `Law` wraps a function.

`simulate` makes runs of a law at known parameters, `simulate_curves` learning curves.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from scalelaw.errors import LawError
from scalelaw.laws.expression import compile_expression
from scalelaw.laws.formula import parse
from scalelaw.laws.grouped import grouped
from scalelaw.laws.joint import chinchilla, coupled, kaplan, overtrained
from scalelaw.laws.law import Law
from scalelaw.laws.repeated import data_constrained
from scalelaw.laws.simulate import simulate
from scalelaw.laws.simulate_curves import simulate_curves
from scalelaw.laws.single import broken_power, power_c, power_d, power_n
from scalelaw.laws.streams import (
    additive_streams,
    log2_streams,
    parscale,
    parscale_data,
    parscale_ensemble,
    power_streams,
)

__all__ = [
    "ALL",
    "Law",
    "additive_streams",
    "broken_power",
    "chinchilla",
    "compile_expression",
    "coupled",
    "data_constrained",
    "get",
    "grouped",
    "kaplan",
    "log2_streams",
    "overtrained",
    "parscale",
    "parscale_data",
    "parscale_ensemble",
    "parse",
    "plainest",
    "power_c",
    "power_d",
    "power_n",
    "power_streams",
    "resolve",
    "simulate",
    "simulate_curves",
]

ALL: dict[str, Law] = {
    law.name: law
    for law in (
        parscale,
        parscale_data,
        parscale_ensemble,
        additive_streams,
        power_streams,
        log2_streams,
        chinchilla,
        kaplan,
        coupled,
        overtrained,
        data_constrained,
        power_n,
        power_d,
        power_c,
        broken_power,
    )
}


_PLAINEST = {
    frozenset("N"): "power_n",
    frozenset("D"): "power_d",
    frozenset("C"): "power_c",
    frozenset("ND"): "chinchilla",
    frozenset("NP"): "parscale",
    frozenset("NDP"): "parscale_data",
}


def plainest(columns: Iterable[str]) -> str:
    """Name of the plainest built-in law of just these columns; empty if there is none.

    Examples
    --------
    >>> plainest(["D", "N"]), plainest(["N", "step"])
    ('chinchilla', '')
    """
    return _PLAINEST.get(frozenset(columns), "")


def get(name: str) -> Law:
    """Return the built-in law called ``name``.

    Raises
    ------
    LawError
        If there is none; the message names those that are spelled alike, or all of them.

    Examples
    --------
    >>> get("chinchilla").formula
    'E + A / N^alpha + B / D^beta'
    """
    if name in ALL:
        return ALL[name]
    near = get_close_matches(name, ALL)
    hint = f"did you mean {' or '.join(near)}?" if near else f"built in are {', '.join(ALL)}."
    raise LawError(f"no law is called {name!r}; {hint} A formula such as 'E + A/N**alpha' is a law too.")


def resolve(law: str | Law, *, columns: Sequence[str] = ()) -> Law:
    """Return the law that a user means: a `Law` as it is, a built-in law by its name, or a formula.

    Parameters
    ----------
    law : Law or str
        A law, the name of a built-in one, or a formula for `parse`.
    columns : sequence of str, optional
        Further names that are columns in a formula.

    Raises
    ------
    LawError
        If a single word names no built-in law, or a formula cannot be used.

    Examples
    --------
    >>> resolve("E + A / N**alpha").parameters
    ('E', 'A', 'alpha')
    """
    if isinstance(law, Law):
        return law
    if not isinstance(law, str):
        raise LawError(
            f"a law is a Law, a name or a formula, not {type(law).__name__}; wrap a function in Law(name, fn)"
        )
    name = law.strip()
    return get(name) if name in ALL or name.replace("-", "_").isidentifier() else parse(law, columns=columns)
