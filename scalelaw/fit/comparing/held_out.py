"""Every held-out run predicted by every law, with how far beyond the fitted runs it lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.fit.comparing.field import Laws, enter
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.comparing.splits import SHARES, Split, compute, distance, splits

if TYPE_CHECKING:
    import pandas as pd


def held_out(
    laws: Laws,
    runs: pd.DataFrame | Mapping[str, Any],
    *,
    holdouts: Iterable[str] | str | None = None,
    shares: Sequence[float] = SHARES,
    **fit_options: Any,
) -> pd.DataFrame:
    """Predict runs by fits that have not seen them, and say how far beyond the fitted runs each lies.

    Parameters
    ----------
    laws : iterable of Law or str
        Laws, names or formulas; None for every built-in law whose columns vary in the runs.
    runs : DataFrame or mapping of str to array
    holdouts : iterable of str, optional
        What to hold out: ``"loo"`` for each run in turn (whole runs where a column ``run`` says that rows are
        checkpoints of one), ``"N"``, ``"P"``, ``"D"`` or ``"C"`` for every run at the largest value of that column,
        ``"rolling"`` for fits to the cheapest runs that predict all dearer ones, over a growing share of the runs, or
        comparisons such as ``"N>1.6B and P>=4"``. By default all of these that suit the runs.
    shares : sequence of float
        Shares of the runs that the fits of ``"rolling"`` see, the cheapest first. What a run costs is its C, else
        the product of its N, P and D.
    **fit_options
        Options of `fit` for every law, as for `compare`.

    Returns
    -------
    DataFrame
        One row a law, fold and held-out run: ``law``, ``holdout``, ``fold`` (from 1), ``fitted`` (rows fitted),
        ``row`` of the runs without rows of weight 0 (from 1), the columns that the laws read, ``distance`` in decades
        of compute beyond the dearest fitted run (below 0 within them, NaN where the table does not say what runs
        cost), ``loss``, ``predicted`` and ``error``, predicted over observed minus 1 in per cent; NaN where the fitted
        runs do not determine the law.

        ``attrs["compute"]`` says how compute was counted.

    Raises
    ------
    RunsError, LawError, FitError
        As `compare`, and if a holdout cannot be read or done.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.held_out(["parscale", "additive_streams"], sl.load("parscale-pile"), holdouts="P")
    >>> frame.groupby("law")["error"].agg(lambda errors: errors.abs().mean()).round(3).to_dict()
    {'additive_streams': 0.081, 'parscale': 0.194}
    """
    import pandas as pd

    competition = enter(laws, runs, fit_options, verb="held_out")
    table, used = competition.table, [name for fit in competition.entrants for name in fit.law.columns]
    ways = splits(holdouts, table, used, competition.runs, shares=shares)
    cost, shown = compute(table), [name for name in dict.fromkeys(used) if name in table]
    parts = []
    for fit in competition.entrants:
        for split, held in zip(ways, predict_held(Entrant.of(fit), ways), strict=True):
            fold, row = np.nonzero(split.held)
            predicted = held.losses[fold, row]
            beyond = np.full(len(row), np.nan) if cost is None else distance(cost[1], split.held)[fold, row]
            loss = np.asarray(table["loss"], dtype=float)[row]
            parts.append(
                pd.DataFrame(
                    {
                        "law": fit.law.name,
                        "holdout": split.name,
                        "fold": fold + 1,
                        "fitted": (~split.held).sum(1)[fold],
                        "row": row + 1,
                        **{name: table[name][row] for name in shown},
                        "distance": beyond,
                        "loss": loss,
                        "predicted": predicted,
                        "error": 100 * (predicted / loss - 1),
                    }
                )
            )
    frame = pd.concat(parts, ignore_index=True)
    frame.attrs["compute"] = "" if cost is None else cost[0]
    return frame


@dataclass(frozen=True, eq=False)
class Held:
    """What fits to the rest of each fold say.

    Attributes
    ----------
    losses : array of shape (folds, rows)
        Of every run, held out or not; NaN in folds whose rest does not determine the law.
    x : array of shape (folds, p)
        The optimum of each fold, in the solver's coordinates.
    known : array of bool, shape (folds,)
    notes : tuple of str
    """

    losses: np.ndarray
    x: np.ndarray
    known: np.ndarray
    notes: tuple[str, ...] = field(default=())


def predict_held(entrant: Entrant, ways: Sequence[Split]) -> list[Held]:
    """Fit a law to the rest of every fold, each from the optimum of all runs and from a start grid of its own.

    The folds of all ways to hold out are one batch.
    """
    held = np.concatenate([split.held for split in ways])
    weights = entrant.base * ~held
    known = entrant.determined(weights)
    losses = np.full(held.shape, np.nan)
    x = np.repeat(entrant.optimum[None], len(known), 0)
    converged = np.ones(len(known), dtype=bool)
    if known.any():
        refits = entrant.refit(weights[known], search=True)
        x[known], losses[known], converged[known] = refits.x, entrant.losses(refits.theta), refits.converged
    ends = np.cumsum([len(split.held) for split in ways])[:-1]
    parts = zip(*(np.split(values, ends) for values in (losses, x, known, converged)), strict=True)
    return [Held(losses, x, known, _notes(known, converged)) for losses, x, known, converged in parts]


def _notes(known: np.ndarray, converged: np.ndarray) -> tuple[str, ...]:
    """What is doubtful about the fits to the rest of the folds."""
    notes = []
    if not converged.all():
        notes.append(f"{int((~converged).sum())} of {int(known.sum())} fits did not converge")
    if not known.all():
        notes.append(f"in {int((~known).sum())} of {len(known)} folds the rest does not determine the law")
    return tuple(notes)
