"""What a fit was asked to do, checked once and kept with the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from scalelaw.errors import FitError, LawError
from scalelaw.fit.model import Model
from scalelaw.fit.objective import SHARP, SQUARED, Problem
from scalelaw.laws.law import Law

LOSSES, SPACES = ("huber", "squared", "absolute"), ("log", "raw")

AUTO_FACTOR, GAUSSIAN_MAD = 1.345, 1.4826
"""Huber's delta for 95 % efficiency under Gaussian noise, in standard deviations, and the MAD's factor to one."""


@dataclass(frozen=True)
class Settings:
    """The options of a fit.

    Attributes
    ----------
    loss : {"huber", "squared", "absolute"}
        rho(r): Huber's function, r^2 / 2, or |r|.
    delta : float or None
        Where Huber's function turns from quadratic to linear, in the residual's unit; None for the other losses.
    space : {"log", "raw"}
        Residuals of log loss or of loss.
    overestimate : float
        Factor on the objective where the law predicts more than was observed.
    fixed : dict of str to float
        Parameters held at a value.
    tied : dict of str to str
        Parameters that follow from others by a formula.
    bounds : dict of str to (float, float)
        Bounds that replace the law's own.
    weighted : bool
        Whether the rows were weighted.
    thorough : bool
        Whether the search was widened.
    """

    loss: str = "huber"
    delta: float | None = 1e-3
    space: str = "log"
    overestimate: float = 1.0
    fixed: Mapping[str, float] = field(default_factory=dict)
    tied: Mapping[str, str] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weighted: bool = False
    thorough: bool = False

    @property
    def log(self) -> bool:
        return self.space == "log"

    def solver_delta(self, rounding: float) -> float:
        """The delta of the Huber function that stands for the loss in the solver, given the residuals' rounding."""
        return {"huber": self.delta or 0.0, "squared": SQUARED, "absolute": SHARP * rounding}[self.loss]

    def with_delta(self, delta: float) -> Settings:
        return replace(self, delta=delta)

    def target(self, loss: Any) -> np.ndarray:
        """What is fitted: log loss or loss, of losses of any shape."""
        loss = np.asarray(loss, dtype=float)
        return np.log(loss) if self.log else loss

    def residuals(self, predicted: Any, observed: Any) -> np.ndarray:
        """Predicted minus observed, in the space of the fit."""
        return self.target(predicted) - self.target(observed)

    def problem(self, model: Model, loss: np.ndarray, weights: np.ndarray | None) -> Problem:
        """The minimisation that a fit with these settings is."""
        problem = Problem(model, self.target(loss), self.log, 1.0, weights, self.overestimate)
        return replace(problem, delta=self.solver_delta(problem.rounding))

    def objective(self, residuals: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """sum_i w_i rho(r_i) over the last axis, for residuals predicted minus observed, shape (..., rows)."""
        size = np.abs(residuals)
        if self.loss == "squared":
            terms = 0.5 * size * size
        elif self.loss == "absolute":
            terms = size
        else:
            inside = np.minimum(size, self.delta or 0.0)
            terms = inside * (size - 0.5 * inside)
        if self.overestimate != 1.0:
            terms = np.where(residuals > 0, self.overestimate, 1.0) * terms
        total: np.ndarray = (terms if weights is None else terms * weights).sum(-1)
        return total

    def describe(self) -> str:
        """One line: ``sum of Huber(delta = 0.001) of log residuals``."""
        residuals = "log residuals" if self.log else "residuals"
        names = {"squared": "half squares", "absolute": "absolute values"}
        name = names.get(self.loss, f"Huber(delta = {self.delta or 0.0:.4g})")
        extra = f", times {self.overestimate:g} where the law predicts too much" if self.overestimate != 1.0 else ""
        return f"sum of {name} of {residuals}{extra}{', weighted' if self.weighted else ''}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_settings(law: Law, settings: Settings) -> Settings:
    """Refuse options that mean nothing, in one sentence.

    Raises
    ------
    FitError
        For a value that is not among the choices or out of range.
    LawError
        For a name that is no parameter of the law.
    """
    if settings.loss not in LOSSES:
        raise FitError(f"loss must be one of {', '.join(LOSSES)}, not {settings.loss!r}")
    if settings.space not in SPACES:
        raise FitError(f"space must be one of {', '.join(SPACES)}, not {settings.space!r}")
    if settings.loss == "huber" and not _is_positive(settings.delta):
        raise FitError(f"delta must be a positive number or 'auto', not {settings.delta!r}")
    if not _is_positive(settings.overestimate):
        raise FitError(f"overestimate must be a positive factor, not {settings.overestimate!r}")
    for kind, names in (("fixed", settings.fixed), ("bounds", settings.bounds), ("tied", settings.tied)):
        unknown = [name for name in names if name not in law.parameters]
        if unknown:
            raise LawError(
                f"{kind} names {', '.join(map(repr, unknown))}, but law {law.name!r} "
                f"has the parameters {', '.join(law.parameters)}"
            )
    for name, (low, high) in settings.bounds.items():
        if not low < high:
            raise FitError(f"the bounds of {name!r} are empty: {low:g} is not below {high:g}")
    for name, value in settings.fixed.items():
        if not _is_finite(value):
            raise FitError(f"{name!r} is fixed at {value!r}, which is not a finite number")
    for name in {*settings.fixed} & {*settings.tied}:
        raise FitError(f"{name!r} is both fixed and tied; do one or the other")
    for name, value in settings.fixed.items():
        low, high = settings.bounds.get(name, law.bound(name))
        if not low <= value <= high:
            raise FitError(f"{name!r} is fixed at {value:g}, outside of its bounds {low:g} to {high:g}")
    return settings if settings.loss == "huber" else replace(settings, delta=None)


def _is_positive(value: object) -> bool:
    return _is_finite(value) and bool(value > 0)  # type: ignore[operator]


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and bool(np.isfinite(value))
