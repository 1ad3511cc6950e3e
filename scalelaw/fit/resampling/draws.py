"""Bootstrap refits, as a fit keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalelaw.fit.intervals import expanded_level, interval
from scalelaw.fit.resampling.plan import describe


@dataclass(frozen=True)
class Draws:
    """Bootstrap refits.

    Attributes
    ----------
    theta : array of shape (B, parameters)
        All parameters of the law, in its order, on every resample.
    objective : array of shape (B,)
    converged : array of bool, shape (B,)
    kind, by : str
        What was resampled, one of `scalelaw.fit.resampling.KINDS` but ``auto``, and the column that says the groups.
    redrawn : int
        Resamples that could not determine the parameters and were drawn anew.
    seed : int or None
        What the draws can be repeated from; None where a generator was given.
    noise : str
        Where the noise of a parametric bootstrap was taken from, in words.
    clusters : int
        How many groups were drawn, or had noise, as wholes; 0 where rows did.
    """

    theta: np.ndarray
    objective: np.ndarray
    converged: np.ndarray
    kind: str
    by: str = ""
    redrawn: int = 0
    seed: int | None = None
    noise: str = ""
    clusters: int = 0

    def __len__(self) -> int:
        return len(self.theta)

    def describe(self) -> str:
        """What was resampled, in words."""
        widened = f" ({self.clusters} of them, and intervals widened for so many)" if self.clusters else ""
        return f"{len(self)} bootstrap refits, {describe(self.kind, self.by, self.noise)}{widened}"

    def level(self, level: float) -> float:
        """Level of the quantiles that an interval of a nominal level takes, see `expanded_level`."""
        return expanded_level(level, self.clusters)

    def interval(
        self, values: np.ndarray, estimate: np.ndarray | float, *, level: float = 0.95, kind: str = "bc"
    ) -> np.ndarray:
        """Ends (2, ...) of a quantity from its values (B, ...) on the draws, see `scalelaw.fit.intervals.interval`."""
        return interval(values, estimate, level=self.level(level), kind=kind)
