"""The compute-optimal frontier as approaches 1 and 2 see it: minima over runs, and power laws through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.intervals import interval

if TYPE_CHECKING:
    import pandas as pd

POWERS = ("N", "D")


@dataclass(frozen=True)
class Frontier:
    """Minima over runs at each budget, and what they say of N*(C) and D*(C).

    Attributes
    ----------
    approach : str
        ``isoflop`` or ``envelope``.
    minima : DataFrame
        A row for each budget: ``C``, ``N``, ``D``, ``loss`` and ``refused``, why it takes no part (empty where it
        does), and what the approach adds.
    exponents : DataFrame
        A row for N and one for D: ``quantity``, ``coefficient`` and ``exponent`` of coefficient C^exponent, ``low``
        and ``high`` of the exponent where draws or the scatter of minima give them, ``r2`` of the straight line in
        logarithms, ``budgets``.
    points : DataFrame
        The runs: ``C``, ``N``, ``D``, ``loss``.
    lines : DataFrame
        The curves drawn through them: ``C``, ``N``, ``loss``.
    """

    approach: str
    minima: pd.DataFrame
    exponents: pd.DataFrame
    points: pd.DataFrame
    lines: pd.DataFrame

    @property
    def used(self) -> pd.DataFrame:
        """The minima that were not refused."""
        return self.minima[self.minima["refused"] == ""]


def power_laws(
    C: np.ndarray,
    best: Mapping[str, np.ndarray],
    draws: Mapping[str, np.ndarray] | None,
    *,
    independent: bool,
    level: float,
    kind: str,
) -> pd.DataFrame:
    """Straight lines of ln N and ln D in ln C through the minima.

    Parameters
    ----------
    C : array of shape (budgets,)
    best : N and D of shape (budgets,)
    draws : N and D of shape (B, budgets), NaN where a draw has no minimum, or None
    independent : bool
        Whether the budgets share no runs. Then the scatter of three or more about the line, which holds the noise of
        the runs and whatever else moves the minima, gives Student's interval, exact where it is normal; the draws know
        of the noise alone, and are not asked.
    """
    import pandas as pd

    x, rows = np.log(C), []
    for name in POWERS:
        y = np.log(best[name])
        slope, intercept = (float(part) for part in line(x, y))
        rest = y - slope * x - intercept
        row: dict[str, Any] = {"quantity": name, "coefficient": np.exp(intercept), "exponent": slope}
        if independent and len(C) > 2:
            away = _student(x, rest, level)
            row["low"], row["high"] = slope - away, slope + away
        elif draws is not None:
            slopes = line(x, np.log(draws[name]))[0]
            row["low"], row["high"] = interval(slopes[np.isfinite(slopes)], slope, level=level, kind=kind)
        row["r2"] = 1 - (rest**2).sum() / ((y - y.mean()) ** 2).sum()
        rows.append(row | {"budgets": len(C)})
    return pd.DataFrame(rows)


def _student(x: np.ndarray, rest: np.ndarray, level: float) -> float:
    """Half the width of Student's interval of a slope, from the residuals of its line."""
    from scipy.special import stdtrit

    freedom = len(x) - 2
    error = np.sqrt((rest**2).sum() / freedom / ((x - x.mean()) ** 2).sum())
    return float(stdtrit(freedom, (1 + level) / 2) * error)


def line(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept of lines through y (..., points); a point that is NaN takes no part.

    Examples
    --------
    >>> slope, intercept = line(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, np.nan]))
    >>> float(slope), float(intercept)
    (2.0, 1.0)
    """
    weights = np.isfinite(y).astype(float)
    y = np.where(np.isfinite(y), y, 0.0)
    total = weights.sum(-1)
    with np.errstate(all="ignore"):
        mean_x, mean_y = (weights * x).sum(-1) / total, (weights * y).sum(-1) / total
        away = x - mean_x[..., None]
        slope = (weights * away * (y - mean_y[..., None])).sum(-1) / (weights * away**2).sum(-1)
    return slope, mean_y - slope * mean_x


def need_two(minima: pd.DataFrame, approach: str) -> None:
    """Refuse a frontier of fewer than two budgets, with the reasons of the others.

    Raises
    ------
    FitError
    """
    refused = minima[minima["refused"] != ""]
    if len(minima) - len(refused) < 2:
        reasons = "; ".join(f"C = {C:.3g}: {why}" for C, why in zip(refused["C"], refused["refused"], strict=True))
        raise FitError(
            f"the {approach} needs a minimum at two budgets or more ({reasons or 'there is one budget'}); add sizes on "
            "both sides of the best, or fit a law of N and D, such as chinchilla, which needs no minimum"
        )
