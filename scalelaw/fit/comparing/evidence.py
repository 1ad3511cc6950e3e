"""Evidence for laws, where a likelihood is assumed: information criteria, Akaike weights, evidence ratios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.comparing.field import Laws, enter
from scalelaw.fit.result import Fit

if TYPE_CHECKING:
    import pandas as pd

LIKELIHOODS = {"gaussian": "squared", "laplace": "absolute"}
"""Errors that are assumed, and the loss whose minimum is the largest likelihood."""


def evidence(
    laws: Laws, runs: pd.DataFrame | Mapping[str, Any], *, likelihood: str = "gaussian", **fit_options: Any
) -> pd.DataFrame:
    """Weigh laws by their likelihood and their number of parameters.

    That takes a likelihood, which Huber's objective is not: every law is fitted by least squares for Gaussian errors or
    by least absolute deviations for Laplace's, independent and of one size. Where runs share an error (a corpus, a
    seed, a schedule), the weights are far too sure; what a law predicts of unseen runs needs no such assumption, see
    `duel`. Rows that a column ``run`` says to be checkpoints of runs are refused, for they share most of theirs.

    Parameters
    ----------
    laws : iterable of Law or str
        Laws, names or formulas; None for every built-in law whose columns vary in the runs.
    runs : DataFrame or mapping of str to array
    likelihood : {"gaussian", "laplace"}
        Errors of log loss, or of loss with ``space="raw"``.
    **fit_options
        Options of `fit` for every law; not ``loss``, ``delta`` and ``overestimate``. ``resample="pairs"`` says that
        rows of one run are independent all the same.

    Returns
    -------
    DataFrame
        One row a law, the best first: ``law``; ``free`` parameters, beside which the size of the errors is counted;
        ``log_likelihood``; ``aicc`` and ``bic`` with their differences from the best, ``aicc_behind`` and
        ``bic_behind``; ``weight``, the Akaike weight, exp(-aicc_behind / 2) over the sum of these; ``ratio``, the
        evidence ratio of the best law to this one, exp(aicc_behind / 2); ``bic_weight``; ``likelihood``, what was
        assumed, in words; ``notes``.

    Raises
    ------
    RunsError, LawError, FitError
        As `compare`, and if the likelihood is unknown, an option would change it, or rows share runs.

    Source: Burnham and Anderson 2002, Model Selection and Multimodel Inference, chapter 2; Schwarz 1978, Annals of
    Statistics 6, 461.

    Examples
    --------
    >>> import scalelaw as sl
    >>> frame = sl.evidence(["parscale", "additive_streams"], sl.load("parscale-pile"))
    >>> frame[["law", "weight", "likelihood"]].round(3).values.tolist()[0]
    ['additive_streams', 1.0, 'Gaussian errors of log loss, independent, of one size']
    """
    import pandas as pd

    if likelihood not in LIKELIHOODS:
        raise FitError(f"likelihood is one of {', '.join(LIKELIHOODS)}, not {likelihood!r}")
    refused = sorted({"loss", "delta", "overestimate"} & set(fit_options))
    if refused:
        raise FitError(f"the likelihood says how laws are fitted, so evidence takes no {' and no '.join(refused)}")
    field = enter(laws, runs, {**fit_options, "loss": LIKELIHOODS[likelihood]}, verb="evidence")
    if field.groups is not None:
        raise FitError(
            f"the {len(field.groups)} rows are checkpoints of {len(np.unique(field.groups))} runs, and a likelihood of "
            "independent errors would be far too sure of them; keep the last row of each run "
            "(scalelaw.runs.last_of_runs, in the shell --last), or compare by duel, which draws whole runs"
        )
    rows = [_row(each, likelihood) for each in field.entrants]
    rows += [{"law": name, "notes": note} for name, note in field.absent.items()]
    frame = pd.DataFrame(rows).sort_values("aicc", kind="stable", ignore_index=True)
    for name in ("aicc", "bic"):
        frame[f"{name}_behind"] = frame[name] - frame[name].min()
    for name, behind in (("weight", "aicc_behind"), ("bic_weight", "bic_behind")):
        raw = np.exp(-frame[behind] / 2)
        frame[name] = raw / raw.sum()
    with np.errstate(over="ignore"):
        frame["ratio"] = np.exp(frame["aicc_behind"] / 2)
    space = "log loss" if field.entrants[0].settings.log else "loss"
    frame["likelihood"] = f"{likelihood.capitalize()} errors of {space}, independent, of one size"
    order = ("law", "free", "log_likelihood", "aicc", "aicc_behind", "weight", "ratio", "bic", "bic_behind")
    return frame[[*order, "bic_weight", "likelihood", "notes"]]


def _row(fit: Fit, likelihood: str) -> dict[str, Any]:
    """Criteria of one fit; weights are inverse variances up to a factor that is the same for every law."""
    rows, counted = fit.rows, len(fit.free) + 1
    mean = fit.objective / rows
    with np.errstate(divide="ignore"):
        if likelihood == "gaussian":
            log_likelihood = -0.5 * rows * (np.log(2 * np.pi * 2 * mean) + 1)
        else:
            log_likelihood = -rows * (np.log(2 * mean) + 1)
    spare = rows - counted - 1
    correction = 2 * counted * (counted + 1) / spare if spare > 0 else float("nan")
    notes = [] if spare > 0 else [f"{rows} runs are too few for AICc with {counted} parameters"]
    notes += [] if fit.converged else ["the fit did not converge"]
    return {
        "law": fit.law.name,
        "free": len(fit.free),
        "log_likelihood": float(log_likelihood),
        "aicc": float(-2 * log_likelihood + 2 * counted + correction),
        "bic": float(-2 * log_likelihood + counted * np.log(rows)),
        "notes": "; ".join(notes),
    }
