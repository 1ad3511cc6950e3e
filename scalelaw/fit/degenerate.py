"""Fits in which a part of the law has vanished, each by name and with the simpler law to use instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.model import build, compile_law
from scalelaw.fit.reduce import reduce_law
from scalelaw.laws import ALL, plainest

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_SILENT, _FAINT, _LOGARITHM, _TINY = 1e-9, 1e-3, 0.05, 1e-6
"""Relative change of the losses, or share of a usual residual, below which a column or a parameter does nothing;
exponent times the logarithm of the column's range below which a power cannot be told from a logarithm; and share of the
least loss below which a floor is none."""
"""The plainest built-in law of some columns."""


@dataclass(frozen=True)
class Degenerate:
    """A part of a fitted law that has vanished or run into its bound.

    Attributes
    ----------
    parameter : str
    kind : {"floor", "column", "part", "logarithm", "bound"}
        A floor at 0; a column that the loss no longer depends on; another part of the law that is gone; an exponent so
        small that its power is a logarithm; any other bound.
    says : str
        What happened and what to use instead, in a sentence or two.
    columns, lost : tuple of str
        Columns and other parameters that no longer matter.
    simpler : str
        Name of a built-in law that says the same with fewer parameters; empty where there is none.
    """

    parameter: str
    kind: str
    says: str
    columns: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    simpler: str = ""


def degenerate_parts(fit: Fit) -> tuple[Degenerate, ...]:
    """What is degenerate about a fit; empty if nothing is.

    Examples
    --------
    >>> import scalelaw as sl
    >>> N, P = [1e8, 3e8, 1e9, 3e9] * 2, [1] * 4 + [4] * 4
    >>> same = sl.laws.power_n.predict({"N": N}, {"E": 1.7, "A": 400.0, "alpha": 0.34})
    >>> fit = sl.fit("parscale", {"N": N, "P": P, "loss": same})        # streams bring nothing
    >>> [(each.parameter, each.columns, each.simpler) for each in degenerate_parts(fit)]
    [('k', ('P',), 'power_n')]
    """
    dead = tuple(name for name in fit.law.columns if _is_silent_column(fit, name))
    at_bounds = fit.convergence.at_bounds
    lost = tuple(name for name in fit.free if _is_silent(fit, name))
    # an exponent at 0 whose amplitude is 0 too is told of with the amplitude
    found = [_at_bound(fit, name, dead, lost) for name in at_bounds if name not in lost]
    told = {name for part in found for name in part.lost}
    found += [_at_bound(fit, name, dead, lost) for name in at_bounds if name in lost and name not in told]
    lost = tuple(name for name in lost if name not in at_bounds)
    known = {column for part in found for column in part.columns}
    found += [_faded(fit, lost, rest) for rest in [tuple(name for name in dead if name not in known)] if rest]
    found += [_no_floor(name, fit.params[name]) for name in _tiny_floors(fit)]
    found += [_logarithm(fit, name) for name in _small_exponents(fit, dead)]
    return tuple(found)


def require_column(fit: Fit, *columns: str, what: str) -> None:
    """Refuse a quantity that has no meaning where the fitted loss does not depend on a column.

    Raises
    ------
    FitError
        If the law reads the column but its part in it has vanished.
    """
    dead = [name for name in columns if name in fit.law.columns and _is_silent_column(fit, name)]
    if not dead:
        return
    reasons = [each.says for each in degenerate_parts(fit) if set(each.columns) & set(dead)]
    why = f" ({reasons[0]})" if reasons else ""
    raise FitError(f"{what} means nothing here: the fitted loss does not depend on {' and '.join(dead)}{why}")


def _losses(fit: Fit, columns: Mapping[str, Any], params: Mapping[str, float]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return fit.law.predict(columns, params)


def _same(fit: Fit, losses: np.ndarray) -> bool:
    usual = float(np.median(np.abs(fit.predicted / fit.columns["loss"] - 1)))
    change = np.abs(losses / fit.predicted - 1)
    return bool(np.isfinite(losses).all() and (change <= max(_SILENT, _FAINT * usual)).all())


def _is_silent_column(fit: Fit, name: str) -> bool:
    """Whether the loss of every run stays what it is when the column is doubled, and when it is halved or is 1."""
    values = np.asarray(fit.columns[name], dtype=float)
    less = np.maximum(values / 2, 1.0) if name == "P" else values / 2
    return all(_same(fit, _losses(fit, {**fit.columns, name: each}, fit.params)) for each in (2 * values, less))


def _is_silent(fit: Fit, name: str) -> bool:
    """Whether the losses stay what they are when a parameter changes by a tenth."""
    changed = {**fit.params, name: fit.params[name] * 1.1 + (fit.params[name] == 0.0)}
    return _same(fit, _losses(fit, fit.columns, changed))


def _is_floor(fit: Fit, name: str) -> bool:
    """Whether the parameter is added to every loss as it is."""
    inside = _inside(fit, *(each for each in fit.convergence.at_bounds if each != name))
    base, raised = (_losses(fit, fit.columns, {**inside, name: inside[name] + more}) for more in (0.0, 1.0))
    return bool(np.allclose(raised - base, 1.0, atol=1e-6))


def _at_bound(fit: Fit, name: str, dead: tuple[str, ...], lost: tuple[str, ...]) -> Degenerate:
    value = fit.params[name]
    start = f"{name} ended at its bound {value:g}: "
    if value == 0 and _is_floor(fit, name):
        return _no_floor(name, value)
    columns = _switched_off(fit, name, dead, lost)
    others = [each for each in lost if each != name and _lost_with(fit, name, each)]
    nothing = f", and {_and(others)} mean{'s' if len(others) == 1 else ''} nothing" if others else ""
    if columns:
        simpler = _simpler(fit, tuple(each for each in fit.law.columns if each not in dead))
        use = (
            f"use {simpler}, the law without"
            if simpler
            else f"fit with fixed={{'{name}': {value:g}}}, or a law without"
        )
        says = f"{start}the fitted loss does not depend on {_and(columns)}{nothing}; {use} {_and(columns)}."
        return Degenerate(name, "column", says, columns, tuple(others), simpler)
    if others:
        simpler = _simpler(fit, fit.law.columns)
        simpler = simpler if simpler and len(ALL[simpler].parameters) <= len(fit.free) - 1 - len(others) else ""
        use = f"use {simpler}" if simpler else f"fit with fixed={{'{name}': {value:g}}}"
        return Degenerate(
            name, "part", f"{start}its part of the law has vanished{nothing}; {use}.", (), tuple(others), simpler
        )
    asks = "a law without it, or for a negative value" if value == 0 else "a value beyond it, or for a simpler law"
    return Degenerate(name, "bound", f"{start}the runs ask for {asks}.")


def _faded(fit: Fit, lost: tuple[str, ...], columns: tuple[str, ...]) -> Degenerate:
    """A column whose part in the loss has become too small to see, with no parameter at a bound."""
    simpler = _simpler(fit, tuple(each for each in fit.law.columns if each not in columns))
    use = f"use {simpler}, the law without {_and(columns)}" if simpler else f"use a law without {_and(columns)}"
    nothing = f", so {_and(lost)} mean{'s' if len(lost) == 1 else ''} nothing" if lost else ""
    says = f"The fitted loss does not depend on {_and(columns)}{nothing}; {use}."
    return Degenerate(lost[0] if lost else "", "column", says, columns, lost[1:], simpler)


def _switched_off(fit: Fit, name: str, dead: tuple[str, ...], lost: tuple[str, ...]) -> tuple[str, ...]:
    """Those dead columns that matter again when the parameter leaves its bound, as do those lost by it."""
    inside = _inside(fit, name, *(each for each in lost if each in fit.convergence.at_bounds))
    base = _losses(fit, fit.columns, inside)
    doubled = {each: {**fit.columns, each: 2 * np.asarray(fit.columns[each], dtype=float)} for each in dead}
    return tuple(
        each for each in dead if not np.allclose(_losses(fit, doubled[each], inside), base, rtol=1e-9, atol=0.0)
    )


def _lost_with(fit: Fit, name: str, other: str) -> bool:
    """Whether another parameter matters again when this one leaves its bound."""
    inside = _inside(fit, name, *({other} & set(fit.convergence.at_bounds)))
    changed = {**inside, other: inside[other] * 1.1}
    before, after = _losses(fit, fit.columns, inside), _losses(fit, fit.columns, changed)
    return not np.allclose(before, after, rtol=1e-9, atol=0.0)


def _inside(fit: Fit, *names: str) -> dict[str, float]:
    """The parameters with some moved off their bounds by a tenth in the solver's scale, so that the losses change."""
    reduced = reduce_law(fit.law, fit.settings)
    columns = {each: np.asarray(values, dtype=float) for each, values in fit.columns.items()}
    coordinates = build(reduced.law, columns).coordinates
    x = coordinates.from_parameters(reduced.contract(fit.params))
    for place in map(reduced.law.parameters.index, names):
        x[place] += 0.1 * (abs(x[place]) or 1.0) * (1 if x[place] <= coordinates.plan.lower[place] else -1)
    return dict(zip(fit.law.parameters, map(float, reduced.expand(coordinates.to_parameters(x))), strict=True))


def _simpler(fit: Fit, columns: tuple[str, ...]) -> str:
    """The plainest built-in law of the columns, if it is another one."""
    law = plainest(columns)
    return law if law != fit.law.name else ""


def _tiny_floors(fit: Fit) -> list[str]:
    least = _TINY * float(fit.predicted.min())
    small = [name for name in fit.free if 0 < fit.params[name] < least and name not in fit.convergence.at_bounds]
    return [name for name in small if _is_floor(fit, name)]


def _no_floor(name: str, value: float) -> Degenerate:
    return Degenerate(
        name,
        "floor",
        f"{name} ended at {'its bound 0' if value == 0 else f'{value:.1g}'}: these runs show no floor of the loss; fit "
        f"with fixed={{'{name}': 0}}, or add larger runs, before believing what the law says far beyond them.",
    )


def _small_exponents(fit: Fit, dead: tuple[str, ...]) -> list[str]:
    structure = compile_law(fit.law).structure
    found = []
    for group, powers in structure.units.items():
        if set(group) & set(dead):
            continue
        values = np.concatenate([np.asarray(fit.columns[name], dtype=float) for name in group])
        span = float(np.log(values.max() / values.min()))
        for j, power in powers.items():
            exponent = power.parameter
            if exponent is None and j in structure.amplitudes:  # A in (A / N)^alpha: its exponent is the amplitude's
                exponent = structure.amplitudes[j].parameter
            name = None if exponent is None else fit.law.parameters[exponent]
            small = name in fit.free and name not in fit.convergence.at_bounds and span > 0
            if small and abs(fit.params[str(name)]) * span < _LOGARITHM and name not in found:
                found.append(str(name))
    return found


def _logarithm(fit: Fit, name: str) -> Degenerate:
    return Degenerate(
        name,
        "logarithm",
        f"{name} = {fit.params[name]:.2g} makes its term a straight line in the logarithm of the column over these "
        f"runs: the floor and the amplitude only cancel one another; do not extrapolate, and bound {name} or fix the "
        "floor.",
    )


def _and(names: tuple[str, ...] | list[str]) -> str:
    return " and ".join(names)
