"""The objective of a fit and its derivatives, for a batch of parameters at once.

    F(x) = sum_i w_i rho(r_i),    r_i = log L(x)_i - log loss_i    (or L(x)_i - loss_i)
    rho(r) = r^2 / 2 for |r| <= delta, delta (|r| - delta / 2) beyond    (Huber 1964)

Squared error is the limit of an infinite delta. A sum, not a mean: the field's convention (Hoffmann et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from scalelaw.fit.model import Model

SQUARED = 1e300
"""A delta no residual reaches: Huber's function is then half the square everywhere."""

SHARP = 1e3
"""The delta that stands for absolute values, in units of rounding: as small as the solver can still see."""

_EPSILON = 1e-15
"""Rounding of a loss, relative: some units in the last place, since a law chains several operations."""

_STACKED_SIZE = 8000
"""Up to this many batch x rows, one stacked product is faster than one product a pair of coordinates."""


class Moments(NamedTuple):
    """Value (B,), gradient (B, p), metric and Hessian (B, p, p) of the objective.

    The metric is the Hessian of the iteratively reweighted least-squares model: positive semi-definite also where
    every residual is beyond delta and the true Hessian vanishes.
    """

    value: np.ndarray
    gradient: np.ndarray
    metric: np.ndarray | None
    hessian: np.ndarray

    def select(self, rows: np.ndarray) -> Moments:
        """Those of some rows of the batch."""
        metric = None if self.metric is None else self.metric[rows]
        return Moments(self.value[rows], self.gradient[rows], metric, self.hessian[rows])

    @staticmethod
    def join(parts: Sequence[Moments]) -> Moments:
        """Those of several batches, one after another."""
        value, gradient, metric, hessian = zip(*parts, strict=True)
        joined = None if metric[0] is None else np.concatenate(metric)
        return Moments(np.concatenate(value), np.concatenate(gradient), joined, np.concatenate(hessian))


@dataclass(frozen=True, eq=False)
class Problem:
    """A model, the observed losses and the objective.

    ``target`` is log loss or loss, ``weights`` may be None; either is (rows,), or (B, rows) where every problem of a
    batch has its own. ``overestimate`` multiplies the objective where the law predicts more than was observed.
    """

    model: Model
    target: np.ndarray
    log: bool = True
    delta: float = 1e-3
    weights: np.ndarray | None = None
    overestimate: float = 1.0

    @property
    def size(self) -> int:
        return self.model.coordinates.plan.size

    @property
    def lower(self) -> np.ndarray:
        return self.model.coordinates.plan.lower

    @property
    def upper(self) -> np.ndarray:
        return self.model.coordinates.plan.upper

    @property
    def rounding(self) -> float:
        """Size of a residual that cannot be told from rounding: relative to the losses where these are not logarithms.

        Below it per run an objective is 0: the runs lie on the law.
        """
        size = float(np.abs(self.target).max())
        return _EPSILON * (max(size, 1.0) if self.log else size)

    @property
    def sharp(self) -> bool:
        """Whether the objective stands for the sum of absolute values."""
        return self.delta <= SHARP * self.rounding

    def part(self, rows: np.ndarray | slice) -> Self:
        """The problems of some rows of the batch."""
        target = self.target[rows] if self.target.ndim == 2 else self.target
        weights = self.weights[rows] if self.weights is not None and self.weights.ndim == 2 else self.weights
        if target is self.target and weights is self.weights:
            return self
        return replace(self, target=target, weights=weights)

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """Predicted minus observed, shape (B, rows), in the space of the objective; NaN where it does not exist."""
        losses = np.broadcast_to(self.model.losses(x), (len(x), self.model.rows))
        return (np.log(losses) if self.log else losses) - self.target

    def terms(self, x: np.ndarray, delta: float | None = None) -> np.ndarray:
        """rho(r_i), shape (B, rows), without the weights but with the asymmetry."""
        delta = self.delta if delta is None else delta
        r = self.residuals(x)
        psi = np.clip(r, -delta, delta)
        rho = psi * (r - 0.5 * psi)
        return rho if self.overestimate == 1.0 else rho * np.where(r > 0, self.overestimate, 1.0)

    def values(self, x: np.ndarray, weights: np.ndarray | None = None, delta: float | None = None) -> np.ndarray:
        """F, shape (B,); infinite where the law has no value."""
        terms = self.terms(x, delta)
        weights = self.weights if weights is None else weights
        values = terms.sum(-1) if weights is None else (terms * weights).sum(-1)
        return np.where(np.isfinite(values), values, np.inf)

    def moments(
        self, x: np.ndarray, weights: np.ndarray | None, delta: float | np.ndarray, *, metric: bool = True
    ) -> Moments:
        """F and its derivatives at x (B, p); weights (rows,), (B, rows) or None."""
        parts = self.model.curvatures(x)
        shape = (len(x), self.model.rows)
        losses = parts[0] if np.shape(parts[0]) == shape else np.broadcast_to(parts[0], shape)
        inverse = 1.0 / losses if self.log else None
        r = np.log(losses) if self.log else np.array(losses)
        r -= self.target
        psi = np.minimum(r, delta)
        np.maximum(psi, -delta, out=psi)
        rho = psi * -0.5
        rho += r
        rho *= psi
        size = np.abs(r)
        if self.overestimate != 1.0:
            side = np.where(r > 0, self.overestimate, 1.0)
            weights = side if weights is None else weights * side
        if weights is None:
            curvature = (size <= delta).astype(float)
        else:
            rho *= weights
            psi *= weights
            curvature = (size <= delta) * weights
        reweighted = None
        if metric:
            reweighted = np.maximum(size, delta, out=size)
            np.divide(delta, reweighted, out=reweighted)
            if weights is not None:
                reweighted *= weights
        if inverse is not None:
            curvature -= psi  # the second derivative of the logarithm
            psi *= inverse
        products = _stacked if shape[0] * shape[1] <= _STACKED_SIZE else _pairwise
        gradient, metric_matrix, hessian = products(parts, self.model.pairs, inverse, psi, curvature, reweighted)
        return Moments(rho.sum(-1), gradient, metric_matrix, hessian)


Products = tuple[np.ndarray, "np.ndarray | None", np.ndarray]


def _stacked(parts, pairs, inverse, psi, curvature, reweighted) -> Products:  # type: ignore[no-untyped-def]
    """Gradient, metric and Hessian by two stacked matrix products: fewest calls, for small batches."""
    batch, rows = psi.shape
    count = len(parts) - 1
    size = count - len(pairs)
    stack = np.empty((batch, count, rows))
    for position in range(count):
        stack[:, position] = parts[position + 1]
    first = np.matmul(stack, psi[:, :, None])[:, :, 0]
    slopes = stack[:, :size]
    if inverse is not None:
        slopes *= inverse[:, None]
    if reweighted is None:
        both = slopes * curvature[:, None]
    else:
        both = np.empty((batch, 2 * size, rows))
        np.multiply(slopes, curvature[:, None], out=both[:, :size])
        np.multiply(slopes, reweighted[:, None], out=both[:, size:])
    squares = np.matmul(both, slopes.transpose(0, 2, 1))
    hessian = squares[:, :size]
    for position, (i, j) in enumerate(pairs, start=size):
        hessian[:, i, j] += first[:, position]
        if i != j:
            hessian[:, j, i] += first[:, position]
    return first[:, :size], None if reweighted is None else squares[:, size:], hessian


def _pairwise(parts, pairs, inverse, psi, curvature, reweighted) -> Products:  # type: ignore[no-untyped-def]
    """The same, one inner product a pair of coordinates: least memory traffic, for large batches."""
    shape = psi.shape
    size = len(parts) - 1 - len(pairs)
    gradient, hessian = np.empty((shape[0], size)), np.empty((shape[0], size, size))
    metric = None if reweighted is None else np.empty_like(hessian)
    slopes = []
    for j in range(size):
        slope = parts[j + 1] if np.shape(parts[j + 1]) == shape else np.broadcast_to(parts[j + 1], shape)
        gradient[:, j] = np.vecdot(psi, slope)
        slopes.append(slope if inverse is None else slope * inverse)
    for matrix, weight in ((hessian, curvature), (metric, reweighted)):
        if matrix is not None:
            for i in range(size):
                weighted = slopes[i] * weight
                for j in range(i, size):
                    matrix[:, i, j] = matrix[:, j, i] = np.vecdot(weighted, slopes[j])
    for position, (i, j) in enumerate(pairs, start=size + 1):
        part = parts[position]
        product = np.vecdot(psi, part) if np.shape(part) == shape else (psi * part).sum(-1)
        hessian[:, i, j] += product
        if i != j:
            hessian[:, j, i] += product
    return gradient, metric, hessian
