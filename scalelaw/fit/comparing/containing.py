"""Whether a law contains another: found by fitting the larger to what the smaller says over a scattered design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.fit.model import build
from scalelaw.fit.objective import SQUARED, Problem
from scalelaw.fit.reduce import reduce_law
from scalelaw.fit.result import Fit
from scalelaw.fit.sequence import low_discrepancy
from scalelaw.fit.solve import solve

_ROWS, _FOLLOWS, _NEAR = 96, 1e-7, 1e-6
_JITTER = (1.0, 1.07, 0.95)


@dataclass(frozen=True)
class Containing:
    """Where a law is the smaller one: ``at`` holds parameters at a bound, ``idle`` those that then mean nothing."""

    at: Mapping[str, float]
    idle: tuple[str, ...]

    def describe(self) -> str:
        """In words.

        Examples
        --------
        >>> Containing({"B": 0.0}, ("beta",)).describe()
        'B = 0, whatever beta'
        """
        held = ", ".join(f"{name} = {value:g}" for name, value in self.at.items())
        free = f"whatever {', '.join(self.idle)}" if self.idle else ""
        return ", ".join(part for part in (held, free) if part)


def contains(large: Fit, small: Fit) -> Containing | None:
    """Where the larger law follows the smaller one to rounding, None where it cannot.

    The smaller law's losses, at its fitted parameters and at two others near them, are computed over a design that
    fills a box around the runs; only a law that contains it can be fitted to all three without an error.
    """
    if not set(small.law.columns) <= set(large.law.columns):
        return None
    design = _design(large)
    reduced = reduce_law(large.law, large.settings)
    model = build(reduced.law, design)
    found = None
    for factor in _JITTER:
        params = {name: _moved(small, name, factor, place) for place, name in enumerate(small.law.parameters)}
        losses = small.law.predict(design, params)
        if not (np.isfinite(losses).all() and (losses > 0).all()):
            return None
        problem = Problem(model, np.log(losses), delta=SQUARED)
        solution = solve(reduced.law, problem)
        if not np.abs(problem.residuals(solution.x[None])).max() < _FOLLOWS:
            return None
        found = solution
    assert found is not None
    theta = dict(zip(reduced.law.parameters, map(float, found.theta), strict=True))
    at: dict[str, float] = {}
    for name, value in theta.items():
        low, high = reduced.law.bound(name)
        near = [end for end in (low, high) if np.isfinite(end) and abs(value - end) <= _NEAR * max(1.0, abs(end))]
        at |= {name: near[0]} if near else {}
    # at a bound some parameters lose their meaning: moving them changes nothing
    base = reduced.law.predict(design, {**theta, **at})
    idle = tuple(
        name
        for name in theta
        if name not in at
        and np.allclose(reduced.law.predict(design, {**theta, **at, name: 1.5 * theta[name]}), base, rtol=1e-9)
    )
    return Containing(at, idle)


def _design(fit: Fit) -> dict[str, np.ndarray]:
    unit = low_discrepancy(_ROWS, len(fit.law.columns)).T
    design = {}
    for name, share in zip(fit.law.columns, unit, strict=True):
        values = np.asarray(fit.columns[name], dtype=float)
        low, high = float(values.min()), float(values.max())
        high = high if high > 2 * low else 8 * low
        design[name] = low * (high / low) ** share if low > 0 else low + (high - low) * share
    return design


def _moved(fit: Fit, name: str, factor: float, place: int) -> float:
    """A parameter near its fitted value, moved up or down by turns, within its bounds."""
    if name not in fit.free:
        return fit.params[name]
    low, high = fit.settings.bounds.get(name, fit.law.bound(name))
    value = fit.params[name] or 1e-3
    return float(np.clip(value * factor ** (1 if place % 2 else -1), low, high))
