"""Choosing runs so that one number becomes as certain as possible: c-optimal designs by greedy choice and exchange."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_POWERS = (0.0, 0.5, 1.0)
"""Of the cost, in what a greedy choice looks at."""
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

    def inverse(self, chosen: list[int]) -> np.ndarray:
        """Inverse (sets, p, p) of the information of the runs and the cells chosen."""
        part = self.slopes[:, chosen]
        return np.linalg.inv(self.known + part.swapaxes(1, 2) @ part)

    def variance(self, inverse: np.ndarray) -> np.ndarray:
        """Variance of the quantity (..., sets), in units of one run's noise, from inverses (..., sets, p, p)."""
        return (self.wanted * (inverse @ self.wanted[..., None])[..., 0]).sum(-1)

    def score(self, chosen: list[int]) -> float:
        """Mean log variance over the sets."""
        return float(np.log(self.variance(self.inverse(chosen))).mean())

    def gains(self, inverse: np.ndarray) -> np.ndarray:
        """How much each candidate would lower the score (..., cells), from inverses (..., sets, p, p).

        By the rank-one update of an inverse: with s the slopes of a cell and M the inverse, the variance c' M c falls
        by (s' M c)^2 / (1 + s' M s).
        """
        pulled = inverse @ self.wanted[..., None]
        variance = (self.wanted * pulled[..., 0]).sum(-1)
        along = (self.slopes @ pulled)[..., 0] ** 2
        spread = 1 + ((self.slopes @ inverse) * self.slopes).sum(-1)
        with np.errstate(all="ignore"):
            gain = -np.log1p(-along / spread / variance[..., None]).mean(-2)
        return np.where(np.isfinite(gain), gain, 0.0)

    def select(self, *, budget: float, count: int, repeat: bool) -> list[int]:
        """Cells to run: the best of greedy choices by gain, by gain for the money and between, after exchanges."""
        found = []
        for power in _POWERS:
            chosen = self._fill([], budget, count, power, repeat=repeat)
            found.append(self._exchange(chosen, budget, count, power, repeat=repeat))
        return min(found, key=self.score)

    def _fill(self, chosen: list[int], budget: float, count: int, power: float, *, repeat: bool) -> list[int]:
        """Add cells while one can be paid for and helps, the best by gain over cost^power first."""
        chosen = list(chosen)
        inverse, price = self.inverse(chosen), self.cost**power
        while len(chosen) < count and (open_ := self._open(chosen, budget, repeat=repeat)).any():
            worth = np.where(open_, self.gains(inverse) / price, 0.0)
            best = int(worth.argmax())
            if worth[best] <= 0:
                break
            chosen.append(best)
            inverse = _moved(inverse, self.slopes[:, best])
        return chosen

    def _exchange(self, chosen: list[int], budget: float, count: int, power: float, *, repeat: bool) -> list[int]:
        """Put another cell in the place of one chosen, and fill up what that saves, as long as it helps."""
        for _ in range(_SWEEPS if 0 < len(chosen) <= _EXCHANGED else 0):
            rest = [chosen[:place] + chosen[place + 1 :] for place in range(len(chosen))]
            without = np.stack([self.inverse(each) for each in rest])
            open_ = np.stack([self._open(each, budget, repeat=repeat) for each in rest])
            after = np.log(self.variance(without)).mean(-1)[:, None] - self.gains(without)
            place, cell = np.unravel_index(np.where(open_, after, np.inf).argmin(), after.shape)
            trial = self._fill([*rest[place], int(cell)], budget, count, power, repeat=repeat)
            if not self.score(trial) < self.score(chosen) - _WORTH:
                break
            chosen = trial
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
        rest = np.array(chosen, dtype=int)
        order: list[int] = []
        inverse = self.inverse([])
        while len(rest):
            best = int((self.gains(inverse)[rest] / self.cost[rest]).argmax())
            order.append(int(rest[best]))
            inverse = _moved(inverse, self.slopes[:, rest[best]])
            rest = np.delete(rest, best)
        return order


def _moved(inverse: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Inverse (sets, p, p) after a run with these slopes (sets, p) has joined, by Sherman and Morrison's formula."""
    along = (inverse @ slopes[..., None])[..., 0]
    spread = 1 + (along * slopes).sum(-1)
    return inverse - along[:, :, None] * along[:, None, :] / spread[:, None, None]
