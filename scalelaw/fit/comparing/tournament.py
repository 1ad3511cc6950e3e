"""Several laws against each other on what none has seen, and how sure the order is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.field import Field, Laws, enter
from scalelaw.fit.comparing.paired import TIE, Paired, pair
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.comparing.splits import SHARES, Split, splits
from scalelaw.fit.intervals import check_interval, interval
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    import pandas as pd

    Table = pd.DataFrame | Mapping[str, Any]


def tournament(
    laws: Laws,
    runs: Table,
    *,
    holdouts: Iterable[str] | str | None = None,
    shares: Sequence[float] = SHARES,
    refits: int = 200,
    level: float = 0.95,
    kind: str = "bc",
    rng: int | np.random.Generator | None = 0,
    search: bool = False,
    **fit_options: Any,
) -> pd.DataFrame:
    """Rank laws by what they predict of runs that their fits have not seen, and say how sure the order is.

    Every law is refitted to the same resamples of the fitted runs and errs on the same resamples of the held-out ones
    (a paired bootstrap), so that what makes a resample hard or easy for all laws cancels in their differences. Where
    each run is left out in turn the fits are kept and their errors resampled.

    Parameters
    ----------
    laws, runs, holdouts, shares
        As for `held_out`.
    refits : int
        Resamples a law and holdout.
    level, kind
        Of the intervals, see `Fit.interval`.
    rng : int or numpy.random.Generator
        Seed of the resampling; all laws see the same resamples.
    search : bool
        Give every refit to a resample a start grid of its own; otherwise it begins at the fit to the fold itself and
        is tried against the solutions of the other resamples.
    **fit_options
        Options of `fit` for every law, as for `compare`.

    Returns
    -------
    DataFrame
        One row a holdout and law, the smallest error first: ``holdout``; ``law``; ``free`` parameters;
        ``predictions``, the number of held-out predictions, those that every law can make; ``error``, their mean
        absolute percentage error, with ``low`` and ``high``; ``behind``, the error minus that of the first law in
        percentage points, with ``behind_low`` and ``behind_high``; ``wins``, the share of the resamples in which the
        law errs least of all; ``notes``. A law that cannot be fitted, or which no fold determines, has NaN and a note.

    Raises
    ------
    RunsError, LawError, FitError
        As `compare`; if a holdout cannot be read or done; if resamples do not determine the laws.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.tournament(["parscale", "additive_streams"], sl.load("parscale-pile"), holdouts=["P", "N"])
    >>> frame[["holdout", "law", "error", "wins"]].round(3)
      holdout               law  error   wins
    0       P  additive_streams  0.081  0.875
    1       P          parscale  0.194  0.125
    2       N  additive_streams  0.062  0.930
    3       N          parscale  0.266  0.070
    """
    import pandas as pd

    check_interval(level, kind)
    competition = enter(laws, runs, fit_options, verb="tournament")
    entrants, ways = prepare(competition, holdouts, shares)
    rows: list[dict[str, Any]] = []
    contests = pair(entrants, ways, competition.runs, refits=count(refits), rng=rng, search=search)
    for split, paired in zip(ways, contests, strict=True):
        rows += _standings(split.name, entrants, paired, level=level, kind=kind)
        rows += [_absent(split.name, law, note) for law, note in competition.absent.items()]
    return pd.DataFrame(rows)


def duel(
    first: Law | str,
    second: Law | str,
    runs: Table,
    *,
    holdouts: Iterable[str] | str | None = None,
    shares: Sequence[float] = SHARES,
    refits: int = 1000,
    level: float = 0.95,
    kind: str = "bc",
    rng: int | np.random.Generator | None = 0,
    search: bool = False,
    **fit_options: Any,
) -> pd.DataFrame:
    """Two laws: which errs less on runs that neither has seen, and how sure that is.

    Parameters are those of `tournament`.

    Returns
    -------
    DataFrame
        One row a holdout: ``holdout``, ``predictions``, the mean absolute percentage error of each law under its name,
        ``difference``, that of the first minus that of the second, with ``low`` and ``high``; ``wins``, the share of
        the resamples in which the first errs less (a tie counts half); ``verdict``, in words; ``notes``.

    Raises
    ------
    RunsError, LawError, FitError
        As `tournament`.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.duel("additive_streams", "parscale", sl.load("parscale-pile"), holdouts="P", refits=200)
    >>> frame[["additive_streams", "parscale", "difference"]].round(3)
       additive_streams  parscale  difference
    0             0.081     0.194      -0.113
    """
    import pandas as pd

    check_interval(level, kind)
    competition = enter([first, second], runs, fit_options, verb="duel")
    entrants, ways = prepare(competition, holdouts, shares)
    names = [law.name for law in competition.laws]
    rows = []
    contests = pair(entrants, ways, competition.runs, refits=count(refits), rng=rng, search=search)
    for split, paired in zip(ways, contests, strict=True):
        difference = float(paired.errors[0] - paired.errors[1])
        low, high = _ends(_minus(paired.draws, 0, 1), difference, level, kind)
        wins = float(paired.wins([0, 1])[0]) if np.isfinite(difference) else float("nan")
        rows.append(
            {
                "holdout": split.name,
                "predictions": paired.predictions,
                **dict(zip(names, map(float, paired.errors), strict=True)),
                "difference": difference,
                "low": low,
                "high": high,
                "wins": wins,
                "verdict": _verdict(names, paired.errors, wins, excludes_zero=low > 0 or high < 0),
                "notes": "; ".join(
                    [
                        *paired.doubts,
                        *(f"{name}: {note}" for name, notes in zip(names, paired.notes, strict=True) for note in notes),
                    ]
                ),
            }
        )
    return pd.DataFrame(rows)


def prepare(
    competition: Field, holdouts: Iterable[str] | str | None, shares: Sequence[float]
) -> tuple[list[Entrant], list[Split]]:
    """The laws ready to be refitted, and the ways to hold out."""
    used = [name for fit in competition.entrants for name in fit.law.columns]
    ways = splits(holdouts, competition.table, used, competition.runs, shares=shares)
    return [Entrant.of(fit) for fit in competition.entrants], ways


def count(refits: int) -> int:
    """The number of resamples.

    Raises
    ------
    FitError
        If it is not a whole number, at least 2.
    """
    if not isinstance(refits, (int, np.integer)) or refits < 2:
        raise FitError(f"refits must be a whole number of resamples, at least 2, not {refits!r}")
    return int(refits)


def _standings(
    holdout: str, entrants: Sequence[Entrant], paired: Paired, *, level: float, kind: str
) -> list[dict[str, Any]]:
    errors, draws = paired.errors, paired.draws
    order = np.argsort(np.where(np.isfinite(errors), errors, np.inf), kind="stable")
    able = [int(index) for index in order if np.isfinite(errors[index])]
    wins = dict(zip(able, paired.wins(able), strict=True)) if able else {}
    rows = []
    for index in map(int, order):
        low, high = _ends(draws[:, index], errors[index], level, kind)
        behind = float(errors[index] - errors[order[0]])
        behind_low, behind_high = _ends(_minus(draws, index, order[0]), behind, level, kind)
        fit = entrants[index].fit
        rows.append(
            {
                "holdout": holdout,
                "law": fit.law.name,
                "free": len(fit.free),
                "predictions": paired.predictions,
                "error": float(errors[index]),
                "low": low,
                "high": high,
                "behind": behind,
                "behind_low": behind_low,
                "behind_high": behind_high,
                "wins": float(wins.get(index, np.nan)),
                "notes": "; ".join([*paired.notes[index], *(paired.doubts if index in able else ())]),
            }
        )
    return rows


def _absent(holdout: str, law: str, note: str) -> dict[str, Any]:
    names = ("error", "low", "high", "behind", "behind_low", "behind_high", "wins")
    return {"holdout": holdout, "law": law, "free": 0, "predictions": 0, **dict.fromkeys(names, np.nan), "notes": note}


def _minus(draws: np.ndarray, first: int, second: int) -> np.ndarray:
    """Difference of two laws' errors on every resample; NaN where neither predicts a number."""
    with np.errstate(invalid="ignore"):
        difference: np.ndarray = draws[:, first] - draws[:, second]
    return difference


def _ends(draws: np.ndarray, estimate: float, level: float, kind: str) -> tuple[float, float]:
    if not np.isfinite(estimate) or np.isnan(draws).any():
        return float("nan"), float("nan")
    low, high = interval(draws, estimate, level=level, kind=kind)
    return float(low), float(high)


def _verdict(names: Sequence[str], errors: np.ndarray, wins: float, *, excludes_zero: bool) -> str:
    if not np.isfinite(errors).all():
        return "no answer: the runs do not determine both laws"
    if abs(errors[0] - errors[1]) <= TIE * errors.min():
        return "a tie: both predict the same"
    better = int(errors[1] < errors[0])
    if np.isnan(wins):
        return f"{names[better]} errs less; how sure that is, so few runs cannot say"
    share = wins if better == 0 else 1 - wins
    turned = "and does so in" if share >= 0.5 else "but does so in only"
    sure = "" if excludes_zero else "; so few runs do not settle it"
    return f"{names[better]} errs less, {turned} {100 * share:.0f} % of the resamples{sure}"
