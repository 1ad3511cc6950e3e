"""Bootstrap refits, as a fit keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    """

    theta: np.ndarray
    objective: np.ndarray
    converged: np.ndarray
    kind: str
    by: str = ""
    redrawn: int = 0
    seed: int | None = None
    noise: str = ""

    def __len__(self) -> int:
        return len(self.theta)

    def describe(self) -> str:
        """What was resampled, in words."""
        return f"{len(self)} bootstrap refits, {describe(self.kind, self.by, self.noise)}"
