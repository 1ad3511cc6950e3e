"""What is held out of the fits: each run, the largest size, the dearest runs, or what the user asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.holdout import largest, select

SHARES = (0.4, 0.55, 0.7, 0.85)
"""Of the runs by compute, the cheapest that each fit of a rolling origin sees."""
ROLLING, EACH = "rolling", "loo"
_SIZES = ("N", "P", "D", "C")


@dataclass(frozen=True, eq=False)
class Split:
    """One way to hold runs out; ``held`` (folds, rows) is True where a fold predicts, and it is fitted to the rest.

    ``drawn`` says whether the paired bootstrap refits resamples of the rest; where each run is left out in turn it
    resamples the errors alone, since every fit has seen nearly all runs.
    """

    name: str
    held: np.ndarray
    drawn: bool = True

    @property
    def strata(self) -> np.ndarray:
        """Rows that the same folds hold out have the same number, shape (rows,)."""
        if not self.drawn:
            return np.zeros(self.held.shape[1], int)
        return np.unique(self.held, axis=1, return_inverse=True)[1].ravel()


def splits(
    asked: Iterable[str] | str | None,
    table: Mapping[str, np.ndarray],
    used: Iterable[str],
    runs: np.ndarray,
    *,
    shares: Sequence[float] = SHARES,
) -> list[Split]:
    """The ways to hold out that are asked for, or all that suit the runs.

    Parameters
    ----------
    asked : iterable of str, or None
        ``"loo"`` for each run in turn, a column (``N``, ``P``, ``D``, ``C``) for its largest value, ``"rolling"`` for
        the dearest runs, or comparisons such as ``"P==8"``.
    table : mapping of str to array of shape (rows,)
    used : iterable of str
        Columns that some law reads.
    runs : array of int, shape (rows,)
        The run of each row.
    shares : sequence of float
        Of the runs by compute, the cheapest that the fits of ``"rolling"`` see.

    Raises
    ------
    FitError
        If one cannot be read or holds out nothing or everything, or the table does not say what a run costs.
    """
    sizes = largest(table, set(used) | set(_SIZES) if asked is not None else used)
    if asked is None:
        found = [_each(runs), *(Split(name, held[None]) for name, held in sizes.items())]
        cost = compute(table)
        rolled = None if cost is None else _rolling(cost[1], shares)
        return found if rolled is None else [*found, rolled]
    names = [asked] if isinstance(asked, str) else list(asked)
    if not names:
        raise FitError("there is nothing to hold out; name loo, rolling, a column such as N, or runs such as 'P==8'")
    return [_split(name, table, sizes, runs, shares) for name in dict.fromkeys(names)]


def compute(table: Mapping[str, np.ndarray]) -> tuple[str, np.ndarray] | None:
    """Training compute of each row up to a factor, and how it was counted; None where the table does not say.

    C, or the product of parameters, streams and tokens, of which streams and tokens may be absent (then the same for
    all runs).

    Examples
    --------
    >>> compute({"N": np.array([1e9, 2e9]), "P": np.array([4, 1]), "loss": np.array([2.0, 1.9])})
    ('N P', array([4.e+09, 2.e+09]))
    """
    if _complete(table, "C"):
        return "C", np.asarray(table["C"], dtype=float)
    counted = [name for name in ("N", "P", "D") if _complete(table, name)]
    if not {"N", "D"} & set(counted):
        return None
    return " ".join(counted), np.prod([np.asarray(table[name], dtype=float) for name in counted], axis=0)


def distance(cost: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Decades of compute beyond the dearest run that each fold is fitted to, shape (folds, rows); below 0 within."""
    dearest: np.ndarray = np.where(held, 0.0, cost).max(1)
    with np.errstate(divide="ignore"):
        return np.log10(cost) - np.log10(dearest)[:, None]


def _split(
    name: str,
    table: Mapping[str, np.ndarray],
    sizes: Mapping[str, np.ndarray],
    runs: np.ndarray,
    shares: Sequence[float],
) -> Split:
    if name == EACH:
        return _each(runs)
    if name == ROLLING:
        cost = compute(table)
        if cost is None:
            raise FitError("rolling holds out the dearest runs, and the table has neither C nor N to tell them by")
        rolled = _rolling(cost[1], shares)
        if rolled is None:
            raise FitError("rolling holds out the dearest runs, and every run costs the same")
        return rolled
    if name in sizes:
        return Split(name, sizes[name][None])
    if name in _SIZES:
        raise FitError(f"the largest {name} cannot be held out: the table needs {name} with at least three values")
    if name.strip().isidentifier():
        raise FitError(f"{name!r} cannot be held out; name loo, rolling, a column (N, P, D, C), or runs such as 'P==8'")
    label, held = select(name, table)
    return Split(label, held[None])


def _each(runs: np.ndarray) -> Split:
    return Split(EACH, runs == np.unique(runs)[:, None], drawn=False)


def _rolling(cost: np.ndarray, shares: Sequence[float]) -> Split | None:
    """Folds whose fits see the cheapest runs, none of which costs as much as one held out; None where there are none.

    Raises
    ------
    FitError
        If a share is not between 0 and 1.
    """
    if not shares or not all(0 < share < 1 for share in shares):
        raise FitError(f"shares of the runs lie between 0 and 1, as in (0.5, 0.75), not {tuple(shares)!r}")
    ordered = np.sort(cost)
    last = [ordered[max(1, round(share * len(cost))) - 1] for share in sorted(shares)]
    folds = [cost > end * (1 + 1e-9) for end in dict.fromkeys(last)]
    folds = [held for held in folds if held.any()]
    return Split(ROLLING, np.array(folds)) if folds else None


def _complete(table: Mapping[str, np.ndarray], name: str) -> bool:
    if name not in table:
        return False
    values = np.asarray(table[name], dtype=float)
    return bool(np.isfinite(values).all() and (values > 0).all())
