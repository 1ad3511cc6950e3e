"""One isoFLOP profile: losses over sizes at one budget, the curve through them, and its minimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.errors import FitError, RunsError
from scalelaw.fit.settings import GAUSSIAN_MAD

CURVES = ("parabola", "akima")
_SAME_BUDGET = 1.05
_FINE = 1025
_FEWEST = {"parabola": 4, "akima": 5}
_FEWEST_ERRORS = 4
_FAMILIES = {
    "dataset": "corpora",
    "val": "kinds of loss",
    "hparams": "sets of hyperparameters",
    "optimizer": "optimisers",
    "schedule": "schedules",
    "decay": "decays of the rate",
    "warmup": "warm-ups",
    "P": "numbers of streams",
}


@dataclass(frozen=True)
class Profile:
    """Runs of one budget, by size: ``x`` is ln N, ``tokens`` ln D; losses may come in a batch (..., runs)."""

    C: float
    x: np.ndarray
    tokens: np.ndarray
    loss: np.ndarray
    window: np.ndarray

    def minima(self, losses: np.ndarray, curve: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """ln N and loss of the minimum of each row of losses (B, runs), NaN where it has none, and why not."""
        if len(self.x) < _FEWEST[curve]:
            few = np.full(len(losses), np.nan)
            return few, few, [f"{len(self.x)} sizes, and a {curve} needs {_FEWEST[curve]}"] * len(losses)
        return self._parabola(losses) if curve == "parabola" else self._akima(losses)

    def coefficients(self, losses: np.ndarray) -> tuple[np.ndarray, float]:
        """Coefficients (3, B) of the parabolas through the window, in ln N about its middle, and that middle."""
        x = self.x[self.window]
        middle = float(x.mean())
        return np.linalg.lstsq(np.vander(x - middle, 3), losses[:, self.window].T, rcond=None)[0], middle

    def _parabola(self, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
        (a, b, c), middle = self.coefficients(losses)
        with np.errstate(all="ignore"):
            at = middle - b / (2 * a)
            lowest = c - b**2 / (4 * a)
        low, high = self.x[0], self.x[-1]
        why = np.select(
            [a <= 0, at < low, at > high],
            ["concave", "its minimum lies below the smallest size", "its minimum lies above the largest size"],
            "",
        )
        return np.where(why == "", at, np.nan), np.where(why == "", lowest, np.nan), [str(each) for each in why]

    def _akima(self, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
        fine = np.linspace(self.x[0], self.x[-1], _FINE)
        values = self.interpolated(losses, fine)
        place = values.argmin(1)
        inside = np.clip(place, 1, _FINE - 2)
        left, here, right = (np.take_along_axis(values, inside[:, None] + k, 1)[:, 0] for k in (-1, 0, 1))
        bend = left - 2 * here + right
        with np.errstate(all="ignore"):
            shift = np.where(bend > 0, (left - right) / (2 * bend), 0.0)
        at = fine[inside] + np.clip(shift, -1, 1) * (fine[1] - fine[0])
        why = np.select(
            [place == 0, place == _FINE - 1], ["its smallest size is the best", "its largest size is the best"], ""
        )
        return np.where(why == "", at, np.nan), np.where(why == "", here, np.nan), [str(each) for each in why]

    def interpolated(self, losses: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Akima's interpolation (1970) of losses (B, runs) at ln N ``at``, shape (B, points)."""
        from scipy.interpolate import Akima1DInterpolator

        return np.asarray(Akima1DInterpolator(self.x, losses, axis=1)(at))

    def drawn(self, curve: str) -> tuple[np.ndarray, np.ndarray]:
        """N and loss along the curve, for a figure."""
        if len(self.x) < _FEWEST[curve]:
            return np.exp(self.x), self.loss
        inside = self.x[self.window] if curve == "parabola" else self.x
        at = np.linspace(inside[0], inside[-1], 65)
        if curve == "akima":
            return np.exp(at), self.interpolated(self.loss[None], at)[0]
        coefficients, middle = self.coefficients(self.loss[None])
        return np.exp(at), np.polyval(coefficients[:, 0], at - middle)


def profiles_of(runs: Any, window: float = np.inf) -> list[Profile]:
    """The profiles of a table, from the smallest budget to the largest.

    Raises
    ------
    RunsError
        If a column is missing, or the rows are checkpoints of learning curves.
    """
    from scalelaw.fit.resampling import shared_runs
    from scalelaw.runs import check_columns

    table = check_columns(runs, need=("N", "D", "loss"))
    if shared_runs(table) is not None:
        raise RunsError(
            "these rows are checkpoints of learning curves, which meet no budget together; use envelope(), or keep one "
            "row of each run"
        )
    columns = budget_columns(table)
    order = np.argsort(columns["C"], kind="stable")
    parts, begin = [], 0
    for end in range(1, len(order) + 1):
        # counted from the cheapest run of the profile, or budgets that lie close together would all become one
        if end == len(order) or columns["C"][order[end]] > _SAME_BUDGET * columns["C"][order[begin]]:
            parts.append(order[begin:end])
            begin = end
    return [_profile({name: values[part] for name, values in columns.items()}, window) for part in parts]


def budget_columns(runs: Any) -> dict[str, np.ndarray]:
    """N, D, C and loss of a table as floats; C is 6 N D P where the table has none."""
    from scalelaw.fit.design import check_one_convention
    from scalelaw.runs import check_columns, take

    table = check_columns(runs, need=("N", "D", "loss"))
    check_one_convention(table)
    _check_one_family(table)
    columns = {
        name: np.asarray(values, dtype=float)
        for name, values in take(table, ("N", "D", "loss"), where="an isoFLOP profile").items()
    }
    if "C" in table:
        C = np.asarray(table["C"], dtype=float)
    else:
        C = 6.0 * columns["N"] * columns["D"] * np.asarray(table.get("P", 1.0), dtype=float)
    return columns | {"C": C}


def _check_one_family(table: Mapping[str, Any]) -> None:
    """Refuse runs that compete with one another for the best size but are not of one kind.

    Raises
    ------
    RunsError
    """
    for name, what in _FAMILIES.items():
        values = sorted(set(table[name].tolist()), key=str) if name in table else []
        if len(values) > 1:
            raise RunsError(
                f"the runs are of {len(values)} {what} ({', '.join(map(str, values))}), and the best size is that of "
                f"one; choose the rows of one {name}, as in --where {name}={values[0]}"
            )


def _profile(columns: Mapping[str, np.ndarray], window: float) -> Profile:
    order = np.lexsort((columns["loss"], columns["N"]))
    first = np.concatenate([[True], np.diff(columns["N"][order]) > 0])
    order = order[first]
    x, loss = np.log(columns["N"][order]), columns["loss"][order]
    near = np.abs(x - x[loss.argmin()]) <= np.log(window) + 1e-9
    if near.sum() < _FEWEST["parabola"]:
        near = np.ones(len(x), dtype=bool)
    C = float(np.exp(np.log(columns["C"]).mean()))
    return Profile(C, x, np.log(columns["D"][order]), loss, near)


def run_noise(profiles: list[Profile]) -> float:
    """Standard deviation of log loss: each run against the cubic through its four neighbours, by the median."""
    parts = [_neighbour_errors(profile.x[profile.window], np.log(profile.loss[profile.window])) for profile in profiles]
    errors = np.concatenate(parts)
    if len(errors) < _FEWEST_ERRORS:
        raise FitError(
            f"the noise of a run cannot be told from {len(errors)} runs with two others on either side; give it, as in "
            "noise=0.002"
        )
    return float(GAUSSIAN_MAD * np.median(np.abs(errors)))


def _neighbour_errors(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Errors of predicting each point from two on either side by Lagrange's cubic, in units of one point's noise."""
    errors = []
    for i in range(2, len(x) - 2):
        near = x[[i - 2, i - 1, i + 1, i + 2]]
        weights = np.array(
            [np.prod([(x[i] - other) / (one - other) for other in near if other != one]) for one in near]
        )
        errors.append((y[i] - weights @ y[[i - 2, i - 1, i + 1, i + 2]]) / np.sqrt(1 + (weights**2).sum()))
    return np.array(errors)
