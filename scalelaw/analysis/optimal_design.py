"""Choosing runs so that one number becomes as certain as possible: c-optimal designs by greedy choice and exchange."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SWEEPS = 20
_EXCHANGED = 24
"""Runs above which a design is left as the greedy choice has it: one exchange more or less no longer matters."""
_RIDGE = 1e-10
_WORTH = 1e-12
"""Least gain in log variance for which a run is exchanged; below it two designs are the same but for rounding."""


@dataclass(frozen=True)
class Design:
    """What is known of a quantity, and what each candidate would add, under several parameter sets at once.

    Attributes
    ----------
    known : array of shape (sets, p, p)
        Information of the runs at hand: products of slopes, summed.
    slopes : array of shape (sets, cells, p)
        Slopes of each candidate's (log) loss in the coordinates.
    wanted : array of shape (sets, p)
        Slopes of the quantity.
    cost : array of shape (cells,)
    """

    known: np.ndarray
    slopes: np.ndarray
    wanted: np.ndarray
    cost: np.ndarray

    @classmethod
    def of(cls, runs: np.ndarray, cells: np.ndarray, wanted: np.ndarray, cost: np.ndarray) -> Design:
        """From slopes of runs (sets, rows, p) and of cells, each coordinate scaled by its size over both.

        A little is added to the information in every direction, so that a design which the runs leave undetermined has
        a variance, if a huge one.
        """
        size = np.sqrt((runs**2).sum(1) + (cells**2).mean(1))
        size = np.where(size > 0, size, 1.0)
        runs, cells, wanted = runs / size[:, None], cells / size[:, None], wanted / size
        known = np.einsum("sri,srj->sij", runs, runs) + _RIDGE * np.eye(runs.shape[-1])
        return cls(known, cells, wanted, np.asarray(cost, dtype=float))

    def information(self, chosen: list[int]) -> np.ndarray:
        """Information (sets, p, p) of the runs and the cells chosen."""
        part = self.slopes[:, chosen]
        return self.known + np.einsum("sri,srj->sij", part, part)

    def variance(self, chosen: list[int]) -> np.ndarray:
        """Variance of the quantity (sets,), in units of that of one run's noise."""
        solved = np.linalg.solve(self.information(chosen), self.wanted[..., None])[..., 0]
        return (solved * self.wanted).sum(-1)

    def score(self, chosen: list[int]) -> float:
        """Mean log variance over the sets."""
        return float(np.log(self.variance(chosen)).mean())

    def gains(self, chosen: list[int]) -> np.ndarray:
        """How much each candidate would lower the score if it were added; shape (cells,)."""
        inverse = np.linalg.inv(self.information(chosen))
        pulled = inverse @ self.wanted[..., None]
        variance = (self.wanted[..., None] * pulled).sum((1, 2))
        along = (self.slopes @ pulled)[..., 0] ** 2
        spread = 1 + np.einsum("sci,sij,scj->sc", self.slopes, inverse, self.slopes)
        with np.errstate(all="ignore"):
            gain = -np.log1p(-along / spread / variance[:, None]).mean(0)
        return np.where(np.isfinite(gain), gain, 0.0)

    def select(self, *, budget: float, count: int, repeat: bool) -> list[int]:
        """Cells to run, the better of two greedy choices (by gain, and by gain for the money) after exchanges."""
        found = []
        for power in (0.0, 0.5, 1.0):
            chosen = self._fill([], budget, count, power, repeat=repeat)
            found.append(self._exchange(chosen, budget, count, power, repeat=repeat))
        return min(found, key=self.score)

    def _fill(self, chosen: list[int], budget: float, count: int, power: float, *, repeat: bool) -> list[int]:
        """Add cells while one can be paid for and helps, the best by gain over cost^power first."""
        chosen = list(chosen)
        while len(chosen) < count:
            open_ = self._open(chosen, budget, repeat=repeat)
            worth = np.where(open_, self.gains(chosen) / self.cost**power, 0.0)
            best = int(worth.argmax())
            if worth[best] <= 0:
                break
            chosen.append(best)
        return chosen

    def _exchange(self, chosen: list[int], budget: float, count: int, power: float, *, repeat: bool) -> list[int]:
        """Put another cell in the place of one chosen, and fill up what that saves, as long as it helps."""
        for _ in range(_SWEEPS if len(chosen) <= _EXCHANGED else 0):
            improved = False
            for position in range(len(chosen)):
                rest = chosen[:position] + chosen[position + 1 :]
                open_ = self._open(rest, budget, repeat=repeat)
                best = int(np.where(open_, self.gains(rest), -np.inf).argmax())
                trial = self._fill([*rest, best], budget, count, power, repeat=repeat)
                if self.score(trial) < self.score(chosen) - _WORTH:
                    chosen, improved = trial, True
                    break
            if not improved:
                break
        return chosen

    def _open(self, chosen: list[int], budget: float, *, repeat: bool) -> np.ndarray:
        """Cells that may be added: those that can still be paid for and, without repeats, are not yet chosen."""
        left = budget - self.cost[chosen].sum()
        open_: np.ndarray = self.cost <= left * (1 + 1e-12)
        if not repeat:
            open_[chosen] = False
        return open_

    def ordered(self, chosen: list[int]) -> list[int]:
        """The cells chosen, the one that brings most for its cost first."""
        rest = list(chosen)
        order: list[int] = []
        while rest:
            worth = self.gains(order)[rest] / self.cost[rest]
            order.append(rest.pop(int(worth.argmax())))
        return order
