"""A fit about its optimum: the residuals, how they change with the parameters, and the noise of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.reopened import Reopened
from scalelaw.fit.resampling import numbered
from scalelaw.fit.scale import Scale, smoothed_scale
from scalelaw.fit.settings import GAUSSIAN_MAD

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def labels_of(groups: Any, rows: int) -> np.ndarray:
    """The names of the runs of the rows as numbers, shape (rows,).

    Raises
    ------
    FitError
        If they are not one a row.
    """
    labels = numbered(groups)
    if labels.shape != (rows,):
        raise FitError(f"groups must name the run of each of the {rows} rows, not {len(labels)} of them")
    return labels


@dataclass(frozen=True, eq=False)
class Local:
    """A reopened fit; ``weights`` (rows,) are ones where it has none, and rows of weight 0 count for nothing."""

    reopened: Reopened
    weights: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> Local:
        """Reopen a fit.

        Raises
        ------
        FitError
            If it did not converge.
        """
        return cls(Reopened.of(fit), np.ones(fit.rows) if fit.weights is None else fit.weights)

    @property
    def fit(self) -> Fit:
        return self.reopened.fit

    @property
    def names(self) -> tuple[str, ...]:
        """The free parameters, in the order of the coordinates."""
        return self.reopened.reduced.law.parameters

    @property
    def free(self) -> np.ndarray:
        """Which coordinates are not at a bound, shape (q,)."""
        return ~self.reopened.held

    @property
    def residuals(self) -> np.ndarray:
        """Predicted minus observed in the space of the fit, shape (rows,)."""
        return self.reopened.residuals

    @cached_property
    def slopes(self) -> np.ndarray:
        """Change of each residual with each coordinate, shape (rows, q); 0 where the coordinate is at a bound."""
        slopes = self.reopened.slopes
        return np.where(self.free & np.isfinite(slopes).all(0), slopes, 0.0)

    @cached_property
    def scale(self) -> Scale | None:
        """The scale of the noise; None where no run is to spare, or the runs lie on the law."""
        try:
            return smoothed_scale(self.reopened.problem, self.residuals, int(self.free.sum()))
        except FitError:
            return None

    @property
    def variance(self) -> float:
        """The variance that, with the slopes, gives that of the coordinates; NaN where there is no noise to go by."""
        return float("nan") if self.scale is None else self.scale.variance / self.scale.curvature

    @cached_property
    def spread(self) -> float:
        """Robust standard deviation of the residuals: 1.4826 times their median size, over the rows to spare."""
        residuals = self.residuals[self.weights > 0]
        spare = max(len(residuals) - int(self.free.sum()), 1)
        return float(GAUSSIAN_MAD * np.median(np.abs(residuals)) * np.sqrt(len(residuals) / spare))
