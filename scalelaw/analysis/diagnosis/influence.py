"""Which runs move the answer, and by how much: the fit without each run in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.amounts import amount
from scalelaw.analysis.diagnosis.finding import Finding, count, joined
from scalelaw.analysis.diagnosis.local import Local, labels_of
from scalelaw.fit.bootstrap import own_grid, refit
from scalelaw.fit.identified import identified
from scalelaw.fit.quantity import Given, as_quantity

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

OUTLIER, MOVES = 3.5, 1.0
"""Robust standard deviations from which a run is an outlier (Iglewicz and Hoaglin 1993), and Cook's distance from which
it moves the fit: by as much as the joint standard error."""
_BLOCK, _NAMED = 2_000_000, 5


def influence(
    fit: Fit,
    *,
    of: Given | None = None,
    groups: Any = None,
) -> pd.DataFrame:
    """Every run left out in turn, the most influential first.

    A run is left out by a weight of 0, and all refits are done together.

    Parameters
    ----------
    fit : Fit
    of : str, Quantity or callable, optional
        What matters, see `scalelaw.analysis.quantities`: its change without each run, by which rows are then sorted.
    groups : array of shape (rows,), optional
        The run of each row: rows of a run are left out together. By default ``fit.checkpoints_of``, and each row alone
        where no rows share a run.

    Returns
    -------
    DataFrame
        One row a run: ``row`` (its position among the fitted rows, or with groups the name of the group and ``rows``,
        how many it has), the law's columns and ``loss`` (means over a group), ``residual`` (observed over predicted in
        log loss, or minus predicted in nats: above 0 the run is worse than the law; of a group that of its worst row),
        ``score`` (residual over the robust standard deviation of all), ``outlier`` (score beyond 3.5), ``cook``
        (distance that the parameters move without the run, as a multiple of their joint standard error: Cook 1977,
        with the metric of the fit's own objective), ``change_X`` for every free parameter X and ``change`` of the
        quantity, without the run minus with it; and ``converged``. A run without which the rest cannot determine the
        parameters has NaN for all of these and ``cook`` infinite.

    Raises
    ------
    FitError
        If ``groups`` is not one name a row.

    Source: Cook 1977, Technometrics 19, 15; Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> influence(pile)[["N", "P", "score", "cook", "change_k"]].head(2).round(2)
                N  P  score  cook  change_k
    0  4353203200  1   5.43  0.55     -0.01
    1  2774773760  1   1.70  0.52     -0.01
    """
    import pandas as pd

    local = Local.of(fit)
    groups = fit.checkpoints_of if groups is None else groups
    labels = np.arange(fit.rows) if groups is None else labels_of(groups, fit.rows)
    kept = np.unique(labels[local.weights > 0])
    x, converged, known = _without(local, labels, kept)
    moved = local.reopened.parameters(x) - _theta(fit)
    residual = -local.residuals
    score = residual / local.spread if local.spread > 0 else np.zeros(fit.rows)
    rows: list[dict[str, Any]] = []
    for place, label in enumerate(kept):
        members = np.flatnonzero((labels == label) & (local.weights > 0))
        worst = members[np.abs(score[members]).argmax()]
        here = {"row": label} if groups is None else {"row": np.asarray(groups)[members[0]], "rows": len(members)}
        here |= {name: _mean(values[members]) for name, values in fit.columns.items()}
        here |= {"residual": residual[worst], "score": score[worst], "outlier": abs(score[worst]) > OUTLIER}
        rows.append(here | {"cook": np.inf if not known[place] else _cook(local, x[place])})
    frame = pd.DataFrame(rows)
    for name in local.names:
        frame[f"change_{name}"] = np.where(known, moved[:, fit.law.parameters.index(name)], np.nan)
    if of is not None:
        quantity = as_quantity(fit, of)
        base = quantity(_theta(fit)[None])
        frame["change"] = np.where(known, quantity(moved + _theta(fit)) - base, np.nan)
    frame["converged"] = converged
    by = frame["cook"] if of is None else frame["change"].abs().fillna(np.inf)
    return frame.loc[by.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def influence_findings(frame: pd.DataFrame) -> list[Finding]:
    """Sentences on outliers and on runs that decide the fit, from the frame of `influence`."""
    findings = []
    outliers = frame[frame["outlier"]].sort_values("score", key=abs, ascending=False)
    if len(outliers):
        worst = "; ".join(_describe(row) for row in outliers.head(_NAMED).to_dict("records"))
        more = f"; and {len(outliers) - _NAMED} more" if len(outliers) > _NAMED else ""
        lie = "lies" if len(outliers) == 1 else "lie"
        findings.append(
            Finding(
                "outliers",
                f"{count(len(outliers), 'run')} {lie} more than {OUTLIER:g} robust standard deviations from the law: "
                f"{worst}{more}.",
                f"Look at {'its training curve' if len(outliers) == 1 else 'their training curves'}; sensitivity shows "
                f"what leaving {'it' if len(outliers) == 1 else 'them'} out does.",
            )
        )
    decisive = frame[frame["cook"] > MOVES]
    for row in decisive.head(3).to_dict("records"):
        if not np.isfinite(row["cook"]):
            findings.append(
                Finding("influence", f"Without {_place(row)} the rest cannot determine the parameters.", "Add runs.")
            )
            continue
        moves = f"moves the parameters by {row['cook']:.2g} times their joint standard error"
        findings.append(Finding("influence", f"Leaving out {_place(row)} {moves}.", "Repeat that run."))
    return findings


def _theta(fit: Fit) -> np.ndarray:
    return np.array([fit.params[name] for name in fit.law.parameters])


def _without(local: Local, labels: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Optima (runs, q) without each run, their convergence, and whether the rest determines the parameters."""
    problem, optimum = local.reopened.problem, local.reopened.optimum
    x = np.repeat(optimum[None], len(kept), 0)
    converged, known = np.zeros(len(kept), bool), np.zeros(len(kept), bool)
    own = own_grid(local.reopened.reduced.law, local.fit.rows, thorough=local.fit.settings.thorough)
    for block in np.array_split(np.arange(len(kept)), -(-len(kept) * len(labels) // _BLOCK)):
        weights = local.weights * (labels != kept[block][:, None])
        known[block] = identified(problem, optimum, weights)
        rows = block[known[block]]
        if len(rows):
            x[rows], _, converged[rows] = refit(problem, optimum, weights[known[block]], own_grid=own)
    return x, converged, known


def _cook(local: Local, x: np.ndarray) -> float:
    """Distance of x from the optimum in joint standard errors: sqrt(dx' J'J dx / (q variance))."""
    count = int(local.free.sum())
    if not count or not local.variance > 0:
        return float("nan")
    moved = np.sqrt(local.weights) * (local.slopes @ (x - local.reopened.optimum))
    return float(np.sqrt((moved**2).sum() / (count * local.variance)))


def _mean(values: np.ndarray) -> Any:
    return values[0] if len(values) == 1 else float(np.asarray(values, dtype=float).mean())


def _place(row: Mapping[Any, Any]) -> str:
    """The run in words: by its name, or by its columns."""
    if "rows" in row:
        return f"run {row['row']} ({count(row['rows'], 'row')})"
    columns = [str(name) for name in row][1 : list(row).index("loss")]
    return "the run at " + joined(f"{name} = {amount(name, row[name])}" for name in columns)


def _describe(row: Mapping[Any, Any]) -> str:
    size = f"{100 * abs(row['residual']):.2g} %" if abs(row["residual"]) < 1 else f"{abs(row['residual']):.2g}"
    return (
        f"{_place(row)} ({size} {'above' if row['residual'] > 0 else 'below'} it, {abs(row['score']):.1f} deviations)"
    )
