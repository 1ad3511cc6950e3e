"""A law with some parameters fixed, tied to others or bounded anew, as a law of the remaining ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.settings import Settings
from scalelaw.laws.expression import compile_expression
from scalelaw.laws.grouped import GroupedFunction
from scalelaw.laws.law import Law


@dataclass(frozen=True)
class Reduced:
    """``law`` has the free parameters only; `expand` gives all of them back."""

    law: Law
    full: Law
    fixed: Mapping[str, float]
    tied: Mapping[str, tuple[tuple[str, ...], Callable[..., Any]]]

    def expand(self, theta: np.ndarray) -> np.ndarray:
        """Values of all parameters (..., p) from those of the free ones (..., q)."""
        values: dict[str, Any] = {name: theta[..., j] for j, name in enumerate(self.law.parameters)}
        values.update(self.fixed)
        for name, (needed, formula) in self.tied.items():
            values[name] = formula(**{each: values[each] for each in needed})
        return np.stack([np.broadcast_to(values[name], theta.shape[:-1]) for name in self.full.parameters], -1)

    def contract(self, parameters: Mapping[str, float]) -> np.ndarray:
        """Free parameters (q,) out of all."""
        return np.array([parameters[name] for name in self.law.parameters], dtype=float)


def reduce_law(law: Law, settings: Settings) -> Reduced:
    """The law of the free parameters.

    Raises
    ------
    FitError
        If nothing is left to fit, or a tied parameter refers to itself or to another tied one in a circle.
    """
    return _reduce(
        law, tuple(sorted(settings.fixed.items())), tuple(settings.tied.items()), tuple(sorted(settings.bounds.items()))
    )


@lru_cache(maxsize=256)
def _reduce(law: Law, fixed: tuple[Any, ...], tied: tuple[Any, ...], bounds: tuple[Any, ...]) -> Reduced:
    constants, formulas = dict(fixed), _in_order(law, dict(tied))
    free = [name for name in law.parameters if name not in constants and name not in formulas]
    if not free:
        raise FitError(f"every parameter of law {law.name!r} is fixed or tied, so there is nothing to fit")
    new_bounds = {**law.bounds, **dict(bounds)}
    if len(free) == len(law.parameters) and not bounds:
        return Reduced(law, law, {}, {})

    def reduced(*columns: Any, **parameters: Any) -> Any:
        values = {**parameters, **constants}
        for name, (needed, formula) in formulas.items():
            values[name] = formula(**{each: values[each] for each in needed})
        return law.fn(*columns, **values)

    if isinstance(law.fn, GroupedFunction):
        if formulas:
            raise FitError("parameters of a law by groups cannot be tied; share them, or fix them")
        return Reduced(_smaller(law, law.fn.pinned(constants), new_bounds, free), law, constants, {})
    positional = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in law.columns]
    keyword = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in free]
    reduced.__signature__ = inspect.Signature(positional + keyword)  # type: ignore[attr-defined]
    reduced.__doc__ = law.fn.__doc__
    return Reduced(_smaller(law, reduced, new_bounds, free), law, constants, formulas)


def _smaller(law: Law, fn: Callable[..., Any], bounds: Mapping[str, tuple[float, float]], free: Sequence[str]) -> Law:
    return replace(
        law,
        fn=fn,
        bounds={name: bound for name, bound in bounds.items() if name in free},
        starts={name: start for name, start in law.starts.items() if name in free},
    )


def _in_order(law: Law, tied: Mapping[str, str]) -> dict[str, tuple[tuple[str, ...], Callable[..., Any]]]:
    """Tied parameters in an order in which each follows from those before it."""
    waiting = {name: compile_expression(text) for name, text in tied.items()}
    for name, (needed, _) in waiting.items():
        unknown = [each for each in needed if each not in law.parameters]
        if unknown:
            raise FitError(
                f"{name!r} is tied to {', '.join(map(repr, unknown))}, which law {law.name!r} does not have; "
                f"its parameters are {', '.join(law.parameters)}"
            )
    ordered: dict[str, tuple[tuple[str, ...], Callable[..., Any]]] = {}
    while waiting:
        ready = [name for name, (needed, _) in waiting.items() if not set(needed) & set(waiting)]
        if not ready:
            raise FitError(f"the parameters {', '.join(waiting)} are tied to one another in a circle")
        for name in ready:
            ordered[name] = waiting.pop(name)
    return ordered
