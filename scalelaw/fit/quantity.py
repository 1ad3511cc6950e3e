"""A derived number: a function of parameter sets, of which bootstrap, profile and covariance can all give intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError, ScalelawError
from scalelaw.fit.model import compile_law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


@dataclass(frozen=True)
class Quantity:
    """A number that follows from the parameters of a law.

    Attributes
    ----------
    name : str
    of : callable
        Parameter sets (sets, parameters), in the order of ``law.parameters``, to values (sets,).
    positive : bool
        Whether it is positive by nature and spans sizes: what assumes a normal distribution then does so for its
        logarithm.
    predicts : bool
        Whether it is a loss, or a log loss, so that a new run has noise about it.
    """

    name: str
    of: Callable[[np.ndarray], np.ndarray]
    positive: bool = False
    predicts: bool = False

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(self.of(theta), dtype=float)

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Values in the scale in which they are nearly normal: their logarithm if positive."""
        with np.errstate(all="ignore"):
            return np.log(values) if self.positive else np.asarray(values, dtype=float)

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """The way back."""
        with np.errstate(over="ignore"):
            return np.exp(values) if self.positive else np.asarray(values, dtype=float)


Given = str | Quantity | Callable[[np.ndarray], np.ndarray]
"""The text of a quantity, a quantity, or a plain function of parameter sets."""


def parameter(fit: Fit, name: str) -> Quantity:
    """A parameter of the fitted law.

    Raises
    ------
    FitError
        If the law has no such parameter.
    """
    names = fit.law.parameters
    if name not in names:
        raise FitError(f"law {fit.law.name!r} has no parameter {name!r}; it has {', '.join(names)}")
    position = names.index(name)
    positive = fit.law.bound(name)[0] >= 0.0 and position in compile_law(fit.law).structure.scales
    return Quantity(name, partial(column, position=position), positive)


def column(theta: np.ndarray, *, position: int) -> np.ndarray:
    """One parameter of parameter sets (sets, parameters)."""
    return theta[:, position]


@dataclass(frozen=True)
class _Users:
    """A user's function of parameter sets; what it raises is said in one sentence."""

    function: Callable[[np.ndarray], np.ndarray]
    name: str
    parameters: tuple[str, ...]

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        try:
            return np.asarray(self.function(theta), dtype=float)
        except ScalelawError:
            raise
        except Exception as error:  # a user's function may raise anything
            raise FitError(
                f"the quantity {self.name!r} fails ({type(error).__name__}: {error}); it is called with parameter "
                f"sets, an array with the columns {', '.join(self.parameters)}, and gives one number a set, as "
                f"lambda theta: theta[:, 0] does for {self.parameters[0]}"
            ) from error


def as_quantity(fit: Fit, given: Given) -> Quantity:
    """A quantity given as itself, as text or as a function of parameter sets.

    Text is the name of a parameter, or one such as ``"loss at N=70B,D=1.4T"``, see
    `scalelaw.analysis.quantities.read_quantity`.

    Raises
    ------
    FitError
        If it is none of these, if a function raises, or if it does not give one number a set.
    """
    if isinstance(given, str) and given in fit.law.parameters:
        quantity = parameter(fit, given)
    elif isinstance(given, str):
        # the one import upward: what follows from a law has its names in analysis, and is asked for here as well
        from scalelaw.analysis.quantities import read_quantity

        quantity = read_quantity(fit, given)
    elif isinstance(given, Quantity):
        quantity = given
    elif callable(given):
        name = getattr(given, "__name__", "quantity")
        quantity = Quantity(name, _Users(given, name, fit.law.parameters))
    else:
        raise FitError(
            f"a quantity is a text such as 'alpha' or 'loss at N=1B', a Quantity, or a function of parameter sets, "
            f"not {given!r}"
        )
    best = np.array([[fit.params[name] for name in fit.law.parameters]])
    value = quantity(best)
    if value.shape != (1,):
        raise FitError(
            f"the quantity {quantity.name!r} gives an array of shape {value.shape} for parameter sets of shape "
            f"{best.shape}; it must give one number a set"
        )
    return quantity
