"""The paired bootstrap: all laws refitted to the same resamples, their errors on the same held-out runs."""

from __future__ import annotations

from collections.abc import Sequence
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
    """

    errors: np.ndarray
    draws: np.ndarray
    predictions: int
    notes: tuple[tuple[str, ...], ...]

    def wins(self, among: Sequence[int]) -> np.ndarray:
        """Share of the resamples in which each of some laws errs least; those that tie share it."""
        errors = self.draws[:, among]
        least = errors <= errors.min(1, keepdims=True) * (1 + TIE)
        share: np.ndarray = (least / least.sum(1, keepdims=True)).mean(0)
        return share


def pair(
    entrants: Sequence[Entrant],
    split: Split,
    runs: np.ndarray,
    *,
    refits: int,
    rng: np.random.Generator,
    search: bool = False,
) -> Paired:
    """Errors of every law on a split, and on resamples that all of them share.

    A resample draws whole runs with replacement, those that the same folds hold out among themselves, so that every
    resample has as many runs to fit and to predict as the table. Each law is refitted to what a resample leaves a
    fold and its errors on the held-out runs are weighted by the times they were drawn.

    ``runs`` (rows,) is the run of each row; ``search`` gives every refit a start grid of its own.
    """
    held = [predict_held(entrant, split) for entrant in entrants]
    able = [index for index, each in enumerate(held) if each.known.any()]
    errors, notes = np.full(len(entrants), np.nan), [each.notes for each in held]
    if not able:
        return Paired(errors, np.full((refits, len(entrants)), np.nan), 0, tuple(notes))
    folds = np.logical_and.reduce([held[index].known for index in able])
    cells = split.held & folds[:, None]
    if not folds.any():
        raise FitError(f"no fold of {split.name!r} leaves runs that determine every law; leave out one of the laws")
    loss = np.asarray(entrants[0].fit.columns["loss"], dtype=float)
    draws = np.full((refits, len(entrants)), np.nan)
    weights = _resamples([entrants[index] for index in able], split, folds, runs, refits, rng)
    for index in able:
        errors[index] = _mean(_size(held[index].losses, loss)[None], cells[None])[0]
        if split.drawn:
            draws[:, index] = _drawn(entrants[index], held[index], split, folds, weights, loss, search=search)
        else:
            draws[:, index] = _mean(_size(held[index].losses, loss)[None], cells * weights[:, None])
    return Paired(errors, draws, int(cells.sum()), tuple(notes))


def _drawn(
    entrant: Entrant,
    held: Held,
    split: Split,
    folds: np.ndarray,
    weights: np.ndarray,
    loss: np.ndarray,
    *,
    search: bool,
) -> np.ndarray:
    """Errors (B,) of one law on the resamples, over all folds together."""
    chosen = np.flatnonzero(folds)
    each = weights[:, None] * split.held[chosen]
    rest = (weights[:, None] * entrant.base * ~split.held[chosen]).reshape(-1, weights.shape[1])
    refits = entrant.refit(rest, start=np.tile(held.x[chosen], (len(weights), 1)), search=search)
    return _mean(_size(entrant.losses(refits.theta), loss).reshape(each.shape), each)


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
