"""Laws compared on the same runs, by what each predicts of runs it has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.field import enter
from scalelaw.fit.fitting import fit
from scalelaw.fit.holdout import largest, select
from scalelaw.fit.leave_one_out import leave_one_out
from scalelaw.fit.result import Fit
from scalelaw.laws.law import Law
from scalelaw.runs import Columns, take

if TYPE_CHECKING:
    import pandas as pd

Masks = Mapping[str, np.ndarray]


def compare(
    laws: Iterable[Law | str] | Law | str | None,
    runs: pd.DataFrame | Mapping[str, Any],
    *,
    hold: str | None = None,
    loo: bool = True,
    **fit_options: Any,
) -> pd.DataFrame:
    """Fit several laws to the same runs, the best first.

    Best is the smallest leave-one-out error, then the smallest objective. Objectives alone do not rank laws: one with
    more parameters can always follow the runs it was fitted to more closely. Whether a law extrapolates is another
    question again, which the ``holdout`` columns answer; `tournament` says how sure these are, `duel` settles two laws.

    Parameters
    ----------
    laws : iterable of Law or str
        Laws, names or formulas; None for every built-in law whose columns vary in the runs. Of these, one that does
        not suit the runs or the options (``fixed={"k": 0}`` and a law without k) gets a row of NaN and a note.
    runs : DataFrame or mapping of str to array
    hold : str, optional
        Runs to hold out as well, such as ``"P==8"`` or ``"N>1.6B and P>=4"``: comparisons of a column with a quantity,
        joined by ``and``, ``&`` or a comma.
    loo : bool
        Whether to leave out each run in turn. Without it the order is that of the objectives. Where a column ``run``
        says that rows are checkpoints of one run, whole runs are left out, as the bootstrap resamples them;
        ``resample`` and ``by`` change that as they do for `fit`.
    **fit_options
        Options of `fit` for every law, such as ``delta`` or ``loss``; not ``bootstrap`` and ``params``. ``throw`` is
        False unless given. ``delta="auto"`` gives all laws one delta, since objectives of different ones do not
        compare: the smallest that a law with fewer parameters than there are runs would choose for itself. Rows of
        weight 0 are left out of everything.

    Returns
    -------
    DataFrame
        One row a law: ``law``, ``free`` (number of free parameters), ``objective``, ``r2``, ``rmse`` and ``mape`` (see
        `Fit`); ``aicc`` and ``bic`` for ``loss="squared"`` with ``overestimate=1``, NaN otherwise: Gaussian likelihood
        of the residuals, whose standard deviation counts as a parameter, and NaN where rows share runs; ``loo``, the
        mean absolute percentage error of each row predicted by the fit without its run, over the runs without which the
        rest still determines the parameters (``notes`` count the others); ``holdout_N``, ``holdout_P``, ``holdout_D``,
        ``holdout_C`` and one for ``hold``, the mean absolute percentage error of held-out runs predicted by a fit to
        the rest; ``converged``;
        ``notes``, which say why a number is missing.

        ``holdout_N`` holds out the largest size, every run above 0.9 times the largest N; likewise for the others.
        N and P are held out where the runs have at least three values, D and C also only if a law reads them.

        Rows are held out one by one: those of other checkpoints of the same run stay in the fit.

        ``attrs["params"]`` has the parameters of every law by its name, ``attrs["delta"]`` the delta of all laws (None
        where the loss has none).

    Raises
    ------
    RunsError
        If the table is faulty or a law's column is missing.
    LawError
        If a law is unknown or cannot be read, or an option names no parameter of a law that was asked for by name.
    FitError
        If ``hold`` cannot be read or selects no run or all, two laws have one name, or the runs cannot determine a law
        that was asked for by name, or any law at all.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.compare(["parscale", "additive_streams"], sl.load("parscale-pile"), hold="P==8")
    >>> frame[["law", "free", "r2", "loo", "holdout_N", "holdout_P==8"]].round(4)
                    law  free      r2     loo  holdout_N  holdout_P==8
    0  additive_streams     5  0.9998  0.0634     0.0623        0.0807
    1          parscale     4  0.9987  0.1354     0.2657        0.1941
    """
    import pandas as pd

    field = enter(laws, runs, fit_options, verb="compare")
    table, used = field.table, {column for law in field.laws for column in law.columns}
    masks = {f"holdout_{name}": held for name, held in largest(table, used).items()}
    if hold is not None:
        label, held = select(hold, table)
        masks[f"holdout_{label}"] = held
    rows, params = [], {}
    for law, fitted in zip(field.laws, field.fits, strict=True):
        if isinstance(fitted, Fit):
            rows.append(_row(fitted, table, masks, field.options, field.groups, loo=loo))
            params[law.name] = fitted.params
        else:
            rows.append(_empty_row(law, str(fitted), masks, loo=loo))
            params[law.name] = {}
    order = ["loo", "objective"] if loo else ["objective"]
    frame = pd.DataFrame(rows).sort_values(order, kind="stable", ignore_index=True)
    frame.attrs |= {"params": params, "delta": field.entrants[0].settings.delta}
    return frame


def _row(
    fitted: Fit, table: Columns, masks: Masks, options: Mapping[str, Any], groups: np.ndarray | None, *, loo: bool
) -> dict[str, Any]:
    notes: list[str] = []
    row: dict[str, Any] = {"law": fitted.law.name, "free": len(fitted.free), "objective": fitted.objective}
    row |= {"r2": fitted.r2, "rmse": fitted.rmse, "mape": fitted.mape}
    row["aicc"], row["bic"] = information_criteria(fitted)
    if groups is not None and np.isfinite(row["bic"]):
        row["aicc"] = row["bic"] = float("nan")
        notes.append("aicc, bic: they take the rows of a run to be independent, which these are not")
    if loo:
        row["loo"] = _leave_one_out(fitted, groups, notes)
    for name, held in masks.items():
        row[name] = _held_out(fitted.law, table, held, options, name, notes)
    return row | {"converged": fitted.converged, "notes": "; ".join(notes)}


def _empty_row(law: Law, reason: str, masks: Masks, *, loo: bool) -> dict[str, Any]:
    names = ["objective", "r2", "rmse", "mape", "aicc", "bic", *(["loo"] if loo else []), *masks]
    row = {"law": law.name, "free": len(law.parameters), **dict.fromkeys(names, float("nan"))}
    return {**row, "converged": False, "notes": reason}


def information_criteria(fit: Fit) -> tuple[float, float]:
    """AICc and BIC of a least-squares fit under Gaussian residuals, in the fit's space; NaN for other objectives.

    The standard deviation is estimated too, and counted. Weights are inverse variances up to a factor; what they add to
    the likelihood is the same for every law and left out. AICc is NaN where it does not exist, below three runs more
    than free parameters.

    Source: Hurvich and Tsai 1989, Biometrika 76, 297; Schwarz 1978, Annals of Statistics 6, 461.
    """
    if fit.settings.loss != "squared" or fit.settings.overestimate != 1.0:
        return float("nan"), float("nan")
    rows = fit.rows if fit.weights is None else int((fit.weights > 0).sum())
    counted = len(fit.free) + 1
    with np.errstate(divide="ignore"):
        deviance = float(rows * (np.log(2 * np.pi * 2 * fit.objective / rows) + 1))
    spare = rows - counted - 1
    aicc = deviance + 2 * counted + 2 * counted * (counted + 1) / spare if spare > 0 else float("nan")
    return aicc, deviance + counted * float(np.log(rows))


def _leave_one_out(fit: Fit, groups: np.ndarray | None, notes: list[str]) -> float:
    left = leave_one_out(fit, groups)
    if groups is not None:
        notes.append(f"loo: {left.runs} whole runs left out in turn ({fit.rows} rows)")
    if left.undetermined:
        notes.append(
            f"loo: without {left.undetermined} of the {left.runs} runs the rest cannot determine the "
            f"{len(fit.free)} parameters, so the mean leaves them out"
        )
    if left.failed:
        notes.append(f"loo: {left.failed} of {left.runs - left.undetermined} refits did not converge")
    predicted = np.isfinite(left.losses)
    return _error(left.losses[predicted], fit.columns["loss"][predicted]) if predicted.any() else float("nan")


def _held_out(
    law: Law, table: Columns, held: np.ndarray, options: Mapping[str, Any], name: str, notes: list[str]
) -> float:
    kept = dict(options)
    if kept.get("weights") is not None and not isinstance(kept["weights"], str):
        kept["weights"] = np.asarray(kept["weights"])[~held]
    try:
        rest = fit(law, {column: values[~held] for column, values in table.items()}, **kept)
    except FitError as error:
        notes.append(f"{name}: {error}")
        return float("nan")
    if not rest.converged:
        notes.append(f"{name}: the fit to the rest did not converge")
    columns = take(table, (*law.columns, "loss"), where=f"law {law.name!r}")
    columns = {column: values[held] for column, values in columns.items()}
    return _error(law.predict(columns, rest.params), columns["loss"])


def _error(predicted: np.ndarray, observed: np.ndarray) -> float:
    """Mean absolute percentage error."""
    return float(100 * np.abs(predicted / observed - 1).mean())
