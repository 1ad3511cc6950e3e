"""The solver's coordinates: parameters of a law as the solver moves them, and the way back.

Columns are divided by their geometric means where the law's units allow it; an amplitude ``A`` that enters as
``A^s`` becomes ``A^s``; a scale (a parameter with units that is no amplitude) and a parameter with positive bounds
a decade or more apart become their logarithms. The way back to the law's own parameters is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.fit.structure import Power, Structure
from scalelaw.laws.law import Law


@dataclass(frozen=True)
class Plan:
    """Which coordinate each parameter gets; depends on the law alone, so that its code is compiled once."""

    amplitudes: dict[int, Power]
    logarithmic: frozenset[int]
    lower: np.ndarray
    upper: np.ndarray
    units: dict[tuple[str, ...], dict[int, Power]]

    @classmethod
    def of(cls, law: Law, structure: Structure) -> Plan:
        lower, upper = np.array([law.bound(name) for name in law.parameters], dtype=float).T
        logarithmic = frozenset(
            j
            for j in structure.scales - set(structure.amplitudes)
            if lower[j] == 0.0 and np.isposinf(upper[j]) and j not in structure.exponents
        )
        # one whose column is not scaled is as far from 1 as the column is
        logarithmic |= {j for j in structure.unscaled - structure.exponents if lower[j] == 0.0}
        spans = {j for j in range(len(lower)) if 0.0 < 10 * lower[j] <= upper[j] < np.inf}
        logarithmic |= spans - set(structure.amplitudes) - structure.exponents
        with np.errstate(divide="ignore"):
            for j in logarithmic:
                lower[j], upper[j] = np.log(lower[j]), np.log(upper[j])
        return cls(structure.amplitudes, logarithmic, lower, upper, structure.units)

    @property
    def size(self) -> int:
        return len(self.lower)

    @property
    def linear(self) -> list[int]:
        """Positions of the amplitudes: the loss is affine in these coordinates."""
        return sorted(self.amplitudes)

    @property
    def nonlinear(self) -> list[int]:
        return [j for j in range(self.size) if j not in self.amplitudes]


@dataclass(frozen=True)
class Coordinates:
    """A plan together with the geometric means of the columns it scales (natural logarithms)."""

    plan: Plan
    log_scales: Mapping[str, float]

    def to_parameters(self, x: np.ndarray) -> np.ndarray:
        """The law's own parameters, shape (..., p), of coordinates of the same shape."""
        theta = np.array(x, dtype=float)
        with np.errstate(all="ignore"):
            for j in self.plan.logarithmic:
                theta[..., j] = np.exp(theta[..., j])
            for j, power in self.plan.amplitudes.items():
                if power != Power(1.0):
                    theta[..., j] = np.power(theta[..., j], 1.0 / power(theta))
            for j, shift in self._shifts(theta).items():
                theta[..., j] *= np.exp(shift)
        return theta

    def from_parameters(self, theta: np.ndarray) -> np.ndarray:
        """Coordinates of the law's own parameters."""
        x = np.array(theta, dtype=float)
        with np.errstate(all="ignore"):
            for j, shift in self._shifts(x).items():
                x[..., j] *= np.exp(-shift)
            for j, power in self.plan.amplitudes.items():
                if power != Power(1.0):
                    x[..., j] = np.power(x[..., j], power(theta))
            for j in self.plan.logarithmic:
                x[..., j] = np.log(x[..., j])
        return x

    def _shifts(self, theta: np.ndarray) -> dict[int, np.ndarray]:
        """Logarithm of the factor between a parameter and its scaled self, for every parameter with units."""
        shifts: dict[int, np.ndarray] = {}
        for group, powers in self.plan.units.items():
            for j, power in powers.items():
                shifts[j] = shifts.get(j, 0.0) + power(theta) * self.log_scales[group[0]]
        return shifts
