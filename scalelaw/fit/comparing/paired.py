"""The paired bootstrap: all laws refitted to the same resamples, their errors on the same held-out runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.held_out import Held, predict_held
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.comparing.splits import Split

TIE = 1e-6
"""Errors that differ by less, relatively, are the same: two laws in other notation, solved to rounding."""
_ROUNDS = 20


@dataclass(frozen=True, eq=False)
class Paired:
    """Mean absolute percentage errors of several laws on one split.

    Attributes
    ----------
    errors : array of shape (laws,)
        On the runs as they are; NaN for a law that no fold determines.
    draws : array of shape (B, laws)
        On every resample.
    predictions : int
        Held-out predictions that the errors are means of: those that every law with an error makes.
    notes : tuple of tuple of str
        What is doubtful, a law at a time.
    doubts : tuple of str
        What is doubtful whatever the law: how little the resamples can say.
    """

    errors: np.ndarray
    draws: np.ndarray
    predictions: int
    notes: tuple[tuple[str, ...], ...]
    doubts: tuple[str, ...] = ()

    def wins(self, among: Sequence[int]) -> np.ndarray:
        """Share of the resamples in which each of some laws errs least; those that tie share it; NaN without any."""
        errors = self.draws[:, among]
        if np.isnan(errors).all():
            return np.full(len(among), np.nan)
        least = errors <= errors.min(1, keepdims=True) * (1 + TIE)
        share: np.ndarray = (least / least.sum(1, keepdims=True)).mean(0)
        return share


@dataclass(frozen=True, eq=False)
class _Contest:
    """One way to hold out: the laws that can take part, the folds that determine each of them, and the resamples.

    ``held`` has every law's fits to the folds; ``weights`` (B, rows) are the times that each row is drawn.
    """

    split: Split
    held: Sequence[Held]
    able: Sequence[int]
    folds: np.ndarray
    weights: np.ndarray

    @property
    def chosen(self) -> np.ndarray:
        """What each fold that counts holds out, shape (folds, rows)."""
        held: np.ndarray = self.split.held[self.folds]
        return held

    def rest(self, base: np.ndarray) -> np.ndarray:
        """Weights of all refits, shape (B folds, rows): what each resample leaves each fold."""
        return (self.weights[:, None] * base * ~self.chosen).reshape(-1, len(base))

    def starts(self, law: int) -> np.ndarray:
        """Where the refits of a law begin, shape (B folds, p)."""
        return np.tile(self.held[law].x[self.folds], (len(self.weights), 1))


def pair(
    entrants: Sequence[Entrant],
    ways: Sequence[Split],
    runs: np.ndarray,
    *,
    refits: int,
    rng: int | np.random.Generator | None,
    search: bool = False,
) -> list[Paired]:
    """Errors of every law on each way to hold out, and on resamples that all laws share.

    A resample draws whole runs with replacement, those that the same folds hold out among themselves, so that every
    resample has as many runs to fit and to predict as the table. Each law is refitted to what a resample leaves a
    fold and its errors on the held-out runs are weighted by the times they were drawn. The refits of a law are one
    batch over all ways to hold out.

    ``runs`` (rows,) is the run of each row; a number for ``rng`` seeds the resamples of every way alike; ``search``
    gives every refit a start grid of its own.
    """
    held = list(zip(*(predict_held(entrant, ways) for entrant in entrants), strict=True))
    contests = [
        _contest(entrants, split, each, runs, refits, np.random.default_rng(rng))
        for split, each in zip(ways, held, strict=True)
    ]
    loss = np.asarray(entrants[0].fit.columns["loss"], dtype=float)
    draws = [np.full((refits, len(entrants)), np.nan) for _ in ways]
    for law, entrant in enumerate(entrants):
        mine = [place for place, contest in enumerate(contests) if law in contest.able]
        for place, found in zip(
            mine, _draws(entrant, law, [contests[place] for place in mine], loss, search), strict=True
        ):
            draws[place][:, law] = found
    return [_paired(contest, loss, values, runs) for contest, values in zip(contests, draws, strict=True)]


def _contest(
    entrants: Sequence[Entrant],
    split: Split,
    held: Sequence[Held],
    runs: np.ndarray,
    refits: int,
    rng: np.random.Generator,
) -> _Contest:
    able = [law for law, each in enumerate(held) if each.known.any()]
    folds = np.logical_and.reduce([held[law].known for law in able]) if able else held[0].known
    if not able:
        return _Contest(split, held, able, folds, np.empty((0, len(runs))))
    if not folds.any():
        raise FitError(f"no fold of {split.name!r} leaves runs that determine every law; leave out one of the laws")
    return _Contest(
        split, held, able, folds, _resamples([entrants[law] for law in able], split, folds, runs, refits, rng)
    )


def _draws(
    entrant: Entrant, law: int, contests: Sequence[_Contest], loss: np.ndarray, search: bool
) -> list[np.ndarray]:
    """Errors (B,) of one law on the resamples of each contest, all its refits in one batch."""
    drawn = [contest for contest in contests if contest.split.drawn]
    predicted: Iterator[np.ndarray] = iter(())
    if drawn:
        weights = [contest.rest(entrant.base) for contest in drawn]
        starts = np.concatenate([contest.starts(law) for contest in drawn])
        losses = entrant.losses(entrant.refit(np.concatenate(weights), start=starts, search=search).theta)
        predicted = iter(np.split(losses, np.cumsum([len(each) for each in weights])[:-1]))
    found = []
    for contest in contests:
        each = contest.weights[:, None] * contest.chosen
        said = next(predicted).reshape(each.shape) if contest.split.drawn else contest.held[law].losses[contest.folds]
        found.append(_mean(_size(said, loss), each))
    return found


def _paired(contest: _Contest, loss: np.ndarray, draws: np.ndarray, runs: np.ndarray) -> Paired:
    """Errors on the runs as they are beside those on the resamples, which say nothing if there is but one."""
    errors = np.full(len(contest.held), np.nan)
    for law in contest.able:
        said = contest.held[law].losses[contest.folds]
        errors[law] = _mean(_size(said, loss)[None], contest.chosen[None])[0]
    predictions = int(contest.chosen.sum()) if contest.able else 0
    doubts = []
    if contest.able and len(np.unique(contest.weights, axis=0)) == 1:
        draws = np.full_like(draws, np.nan)
        doubts.append("only the runs as they are determine every law, and no resample of them: no intervals")
    elif contest.able and len(np.unique(runs[contest.chosen.any(0)])) == 1:
        doubts.append("one run is held out: the intervals know nothing of its own noise")
    return Paired(errors, draws, predictions, tuple(each.notes for each in contest.held), tuple(doubts))


def _resamples(
    entrants: Sequence[Entrant],
    split: Split,
    folds: np.ndarray,
    runs: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Times each row is drawn (B, rows), of resamples in which every fold still determines every law."""
    kept = np.empty((0, len(runs)))
    for _ in range(_ROUNDS):
        weights = _draw(split.strata, runs, count, rng)
        if split.drawn:
            for fold, entrant in ((fold, entrant) for fold in np.flatnonzero(folds) for entrant in entrants):
                rest = weights * entrant.base * ~split.held[fold]
                weights = weights[entrant.determined(rest, spare=1)]
        kept = np.concatenate([kept, weights])[:count]
        if len(kept) == count:
            return kept
    raise FitError(
        f"resamples of the runs that {split.name!r} leaves to be fitted hold too few different ones to determine every "
        "law; leave out the law with the most parameters, or hold out fewer runs"
    )


def _draw(strata: np.ndarray, runs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Times each row is drawn, shape (count, rows): whole runs within each stratum, that of a run's first row."""
    names, first, number = np.unique(runs, return_index=True, return_inverse=True)
    drawn = np.empty((count, len(names)))
    for stratum in np.unique(strata[first]):
        members = np.flatnonzero(strata[first] == stratum)
        drawn[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), count)
    return drawn[:, number]


def _size(predicted: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Absolute percentage errors; infinite where a law predicts no number."""
    sizes = 100 * np.abs(predicted / loss - 1)
    return np.where(np.isnan(sizes), np.inf, sizes)


def _mean(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted means over folds and rows of errors (1 or B, folds, rows) under weights (B, folds, rows)."""
    means: np.ndarray = (np.where(weights > 0, errors, 0.0) * weights).sum((1, 2)) / weights.sum((1, 2))
    return means
