"""What a law is made of, found by probing it: amplitudes that can be solved for, and the units of its parameters.

Nothing is asked of the law but that it can be called, so a user's formula and a black box are treated alike.
Two facts make a fit fast and well scaled:

* an *amplitude* is a parameter in which the loss is affine, perhaps after a power: ``E``, ``A`` in ``A / N^alpha``
  (power 1), ``A`` in ``(A / N)^alpha`` (power ``alpha``). Given the other parameters, all amplitudes follow from a
  linear solve.
* the *units*: if scaling a column by a constant can be undone by scaling parameters (``N`` by ``c``, ``A`` by
  ``c^alpha``), the column can be divided by its geometric mean and the parameters read back exactly. Columns of one
  unit (tokens seen and unique tokens) may have to be scaled together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from scalelaw.fit.sequence import low_discrepancy
from scalelaw.laws.law import Law

_ROWS, _POINTS, _STEP, _TOLERANCE = 24, 3, 1e-4, 1e-6
_USUAL = (0.3, 0.9)


@dataclass(frozen=True)
class Power:
    """An exponent that is a number, or a number times a parameter: ``coefficient * theta[parameter]``."""

    coefficient: float
    parameter: int | None = None

    def __call__(self, theta: np.ndarray) -> Any:
        """Value for parameters theta of shape (..., p)."""
        return self.coefficient if self.parameter is None else self.coefficient * theta[..., self.parameter]


@dataclass(frozen=True)
class Structure:
    """Positions refer to ``law.parameters``; ``units`` are keyed by the columns that are scaled together."""

    amplitudes: dict[int, Power] = field(default_factory=dict)
    units: dict[tuple[str, ...], dict[int, Power]] = field(default_factory=dict)
    unused_columns: tuple[str, ...] = ()
    unscaled: frozenset[int] = frozenset()
    """Scales that are no amplitudes and would carry the units of a column but for a bound on one of its scales."""

    @property
    def exponents(self) -> frozenset[int]:
        """Parameters that serve as an exponent of a column or an amplitude."""
        powers = [*self.amplitudes.values(), *[power for powers in self.units.values() for power in powers.values()]]
        return frozenset(power.parameter for power in powers if power.parameter is not None)

    @property
    def scales(self) -> frozenset[int]:
        """Parameters that carry the units of a column."""
        return frozenset(position for powers in self.units.values() for position in powers)


def probe(law: Law) -> Structure:
    """Find the structure of a law; a law that cannot be evaluated at the probing points has none."""
    with np.errstate(all="ignore"):
        for within in (False, True):
            try:
                return _probe(_Probe(law, within=within))
            except (ArithmeticError, TypeError, ValueError, _NotSeenError):
                continue
    return Structure()


class _NotSeenError(Exception):
    pass


class _Probe:
    """Evaluates a law and its logarithmic derivatives at scattered parameters on scattered rows.

    The rows are near 1, and so are the parameters if they can, whatever their bounds: with a break bounded to where
    real runs are, a law would look like a plain power law on rows near 1. ``within`` keeps them to their bounds.
    """

    def __init__(self, law: Law, *, within: bool):
        self.law, self.within = law, within
        self.columns = 1.2 * (5.0 / 1.2) ** low_discrepancy(_ROWS, len(law.columns)).T
        low, high = np.array([_probing_range(*law.bound(name), within=within) for name in law.parameters]).T
        self.thetas = low + (high - low) * low_discrepancy(_POINTS, len(law.parameters))
        # a range with a finite, non-zero end must stay a range of the parameter itself: no power, no units
        self.free = [_is_free(*law.bound(name)) for name in law.parameters]

    def loss(self, theta: np.ndarray, columns: np.ndarray | None = None) -> np.ndarray:
        columns = self.columns if columns is None else columns
        values = self.law.fn(*columns, **dict(zip(self.law.parameters, map(float, theta), strict=True)))
        values = np.broadcast_to(np.asarray(values, dtype=float), (_ROWS,))
        if not np.isfinite(values).all():
            raise _NotSeenError
        return values

    def slope(self, theta: np.ndarray, position: int) -> np.ndarray:
        """theta_j d loss / d theta_j, shape (rows,)."""
        up, down = theta.copy(), theta.copy()
        up[position] *= 1 + _STEP
        down[position] *= 1 - _STEP
        return (self.loss(up) - self.loss(down)) / (2 * _STEP)

    def column_slope(self, theta: np.ndarray, position: int) -> np.ndarray:
        """x_c d loss / d x_c, shape (rows,)."""
        up, down = self.columns.copy(), self.columns.copy()
        up[position] *= 1 + _STEP
        down[position] *= 1 - _STEP
        return (self.loss(theta, up) - self.loss(theta, down)) / (2 * _STEP)


def _probing_range(first: float, last: float, *, within: bool) -> tuple[float, float]:
    low, high = first, last
    low, high = max(low, _USUAL[0]), min(high, _USUAL[1])
    if low >= high and first >= 0.0 and not within:
        low, high = _USUAL
    elif low >= high:
        low, high = first, last
        low = high - abs(high) - 1.0 if np.isinf(low) else low
        high = low + abs(low) + 1.0 if np.isinf(high) else high
    return low + 0.1 * (high - low), high - 0.1 * (high - low)


def _is_free(low: float, high: float) -> bool:
    return low in (0.0, -np.inf) and high == np.inf


def _probe(probe: _Probe) -> Structure:
    law = probe.law
    slopes = np.array([[probe.slope(theta, j) for j in range(len(law.parameters))] for theta in probe.thetas])
    targets = np.array([[probe.column_slope(theta, c) for c in range(len(law.columns))] for theta in probe.thetas])
    if probe.within and not (np.abs(slopes).max((0, 2)) > 0).all():
        raise _NotSeenError  # a part of the law cannot be seen on these rows
    used = np.abs(targets).max((0, 2)) > _TOLERANCE * np.abs(slopes).max()
    units: dict[tuple[str, ...], dict[int, Power]] = {}
    left, unscaled = [int(c) for c in np.flatnonzero(used)], set[int]()
    for size in (1, 2):
        for group in combinations(left, size):
            powers = _units(probe, group, slopes, targets[:, group].sum(1)) if set(group) <= set(left) else {}
            if not all(probe.free[j] for j in powers):
                unscaled |= set(powers)
            elif powers:
                units[tuple(law.columns[c] for c in group)] = powers
                left = [c for c in left if c not in group]
    scales = {j for powers in units.values() for j in powers}
    unused = tuple(name for name, is_used in zip(law.columns, used, strict=True) if not is_used)
    unscaled = {j for j in unscaled if _affine_power(probe, j) is None}
    return Structure(_amplitudes(probe, scales), units, unused, frozenset(unscaled))


def _units(probe: _Probe, group: tuple[int, ...], slopes: np.ndarray, targets: np.ndarray) -> dict[int, Power]:
    """Powers with which parameters undo a common scaling of some columns; empty where they cannot."""
    exponents = np.empty(slopes.shape[:2])
    for point, (slope, target) in enumerate(zip(slopes, targets, strict=True)):
        solution, *_ = np.linalg.lstsq(slope.T, -target, rcond=1e-9)
        if np.abs(slope.T @ solution + target).max() > _TOLERANCE * np.abs(target).max():
            return {}
        exponents[point] = solution
    powers: dict[int, Power] = {}
    for j in range(len(probe.law.parameters)):
        power = _recognise(exponents[:, j], probe.thetas, exclude=j)
        if power is None:
            return {}
        if power.coefficient != 0.0:
            powers[j] = power
    return powers if _undoes(probe, group, powers) else {}


def _undoes(probe: _Probe, group: tuple[int, ...], powers: dict[int, Power]) -> bool:
    """Whether scaling the parameters by these powers undoes a scaling of the columns, to rounding."""
    for theta in probe.thetas:
        columns, scaled = probe.columns.copy(), theta.copy()
        columns[list(group)] *= 10.0
        for j, power in powers.items():
            scaled[j] *= 10.0 ** power(theta)
        before, after = probe.loss(theta), probe.loss(scaled, columns)
        if np.abs(after - before).max() > 1e-10 * np.abs(before).max():
            return False
    return True


def _recognise(values: np.ndarray, thetas: np.ndarray, *, exclude: int) -> Power | None:
    """The number, or the number times one parameter, that the values (points,) are."""
    if np.ptp(values) <= 1e-4:
        mean = float(values.mean())
        for nearest in (round(mean * 12) / 12, round(mean, 6)):  # halves, thirds and quarters, then decimals
            if np.abs(values - nearest).max() <= 1e-5:
                return Power(nearest)
        return None
    for k in range(thetas.shape[1]):
        ratio = values / thetas[:, k]
        if k != exclude and np.ptp(ratio) <= 1e-4 and abs(ratio.mean() - round(float(ratio.mean()))) <= 1e-4:
            return Power(float(round(float(ratio.mean()))), k)
    return None


def _amplitudes(probe: _Probe, scales: set[int]) -> dict[int, Power]:
    """The largest set of parameters in which the loss is jointly affine; of equal ones, the one that carries units."""
    candidates: dict[int, Power] = {}
    for j in range(len(probe.law.parameters)):
        power = _affine_power(probe, j) if probe.free[j] else None
        if power is not None:
            candidates[j] = power
    separate = {(i, j): _is_separate(probe, i, j) for i, j in combinations(candidates, 2)}
    for size in range(len(candidates), 0, -1):
        sets = [s for s in combinations(candidates, size) if all(separate[pair] for pair in combinations(s, 2))]
        # an exponent that another amplitude rests on cannot be an amplitude itself
        sets = [s for s in sets if not {candidates[j].parameter for j in s} & set(s)]
        if sets:
            best = max(sets, key=lambda s: len(scales & set(s)))
            return {j: candidates[j] for j in best}
    return {}


def _affine_power(probe: _Probe, j: int) -> Power | None:
    """The power s with which the loss is affine in theta_j^s, or None."""
    powers = np.empty((_POINTS, 2))
    for point, theta in enumerate(probe.thetas):
        base = probe.slope(theta, j)
        for position, factor in enumerate((2.0, 0.5)):
            moved = theta.copy()
            moved[j] *= factor
            slope = probe.slope(moved, j)
            scale, moved_scale = base.sum(), slope.sum()
            if (
                scale == 0
                or np.abs(slope * scale - base * moved_scale).max() > _TOLERANCE * np.abs(base * moved_scale).max()
            ):
                return None
            ratio = moved_scale / scale
            if not ratio > 0:
                return None
            powers[point, position] = np.log(ratio) / np.log(factor)
    if np.abs(powers[:, 0] - powers[:, 1]).max() > 1e-5:
        return None
    power = _recognise(powers[:, 0], probe.thetas, exclude=j)
    return power if power is not None and power.coefficient > 0 else None


def _is_separate(probe: _Probe, i: int, j: int) -> bool:
    """Whether the slope in theta_i is the same wherever theta_j is."""
    for theta in probe.thetas:
        moved = theta.copy()
        moved[j] *= 2.0
        base, other = probe.slope(theta, i), probe.slope(moved, i)
        if np.abs(base - other).max() > _TOLERANCE * np.abs(base).max():
            return False
    return True
