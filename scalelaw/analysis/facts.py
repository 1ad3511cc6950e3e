"""What a fit and its table say of themselves: the answers of the reproducibility checklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.amounts import amount
from scalelaw.fit.degenerate import degenerate_parts
from scalelaw.fit.report import number

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

NAMES: dict[str, tuple[str, str]] = {
    "law": ("Law", "Which law is fitted?"),
    "free": ("Law", "Which parameters are free, and within which bounds?"),
    "held": ("Law", "Which are fixed or tied, and at what?"),
    "parameters": ("Law", "What are the fitted values, in full?"),
    "size": ("Runs", "How many runs, over which range?"),
    "ratio": ("Runs", "At how many tokens a parameter?"),
    "chosen": ("Runs", "Which runs were left out, and why?"),
    "checkpoints": ("Runs", "Are rows ends of runs, or checkpoints along them?"),
    "seeds": ("Runs", "How many seeds, and how were they merged?"),
    "data": ("Runs", "Where are the runs from, and are they public?"),
    "count_n": ("Counting", "How is N counted (embeddings, head, streams)?"),
    "count_d": ("Counting", "How is D counted (repeats, streams)?"),
    "count_c": ("Counting", "How is C counted?"),
    "loss": ("Counting", "Which loss, in which unit, on which data?"),
    "corpus": ("Training", "Which corpus?"),
    "tokenizer": ("Training", "Which tokenizer and vocabulary?"),
    "architecture": ("Training", "Which architecture, and how does its shape grow?"),
    "optimiser": ("Training", "Which optimiser?"),
    "rate": ("Training", "Which learning rates, and how were they chosen for each size?"),
    "batch": ("Training", "Which batch sizes and context?"),
    "schedule": ("Training", "Which schedule, and does it end with each run?"),
    "warmup": ("Training", "How long a warm-up?"),
    "objective": ("Fit", "What is minimised?"),
    "weights": ("Fit", "Are runs weighted?"),
    "starts": ("Fit", "Where was the minimum searched for?"),
    "convergence": ("Fit", "Is it the minimum?"),
    "bounds": ("Fit", "Is a parameter at a bound, or a part of the law gone?"),
    "quality": ("Fit", "How close is the law to the runs?"),
    "interval": ("Uncertainty", "Which interval, from how many resamples of what?"),
    "held_out": ("Uncertainty", "How well are runs predicted that were not fitted, and at which scale?"),
    "sensitivity": ("Uncertainty", "How much does the answer depend on these choices?"),
    "versions": ("Software", "Which versions?"),
    "code": ("Software", "Where is the code of this fit?"),
}
"""Every question by its name: the section and the words."""

_BY_FIT = {
    *("law", "free", "held", "parameters", "size", "ratio"),
    *("objective", "weights", "starts", "convergence", "bounds", "quality", "interval", "versions"),
}
TOLD = tuple(name for name in NAMES if name not in _BY_FIT)
"""Questions that a user can answer; the fit answers the others."""

_FEW = 6
_RATES, _BATCHES = ("rate", "lr", "learning_rate"), ("batch", "bs", "batch_size")


def filled(fit: Fit, runs: Any = None, about: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Answers by the name of the question, as far as the fit and its table have them."""
    table: Mapping[str, Any] = fit.table if runs is None else {str(name): runs[name] for name in runs}
    about = (getattr(runs, "attrs", {}).get("scalelaw") or {}) if about is None else about
    answers = {**_law(fit), **_runs(fit, table), **_counting(table, about), **_training(table), **_fit(fit)}
    if "paper" in about or "source" in about:
        licence = f"; licence {about['licence']}" if "licence" in about else ""
        answers["data"] = "; ".join(str(about[key]) for key in ("title", "paper", "source") if key in about) + licence
    if about.get("left_out"):
        answers.setdefault("chosen", f"of the source: {about['left_out']}")
    return {name: answer for name, answer in answers.items() if answer}


def _law(fit: Fit) -> dict[str, str]:
    held = [f"{name} = {value:g}" for name, value in fit.settings.fixed.items()]
    held += [f"{name} = {formula}" for name, formula in fit.settings.tied.items()]
    bounds = {name: fit.settings.bounds.get(name, fit.law.bound(name)) for name in fit.free}
    return {
        "law": ": ".join(dict.fromkeys((fit.law.name, fit.law.formula)))
        + (f" ({fit.law.source})" if fit.law.source else ""),
        "free": ", ".join(f"{name} ({low:g} to {high:g})" for name, (low, high) in bounds.items()),
        "held": ", ".join(held) or "none",
        "parameters": ", ".join(f"{name} = {value!r}" for name, value in fit.params.items()),
    }


def _runs(fit: Fit, table: Mapping[str, Any]) -> dict[str, str]:
    used = fit.rows if fit.weights is None else int((fit.weights > 0).sum())
    ranges = []
    for name in fit.law.columns:
        values = np.unique(np.asarray(fit.columns[name], dtype=float))
        ends = amount(name, values[0]) + (f" to {amount(name, values[-1])}" if len(values) > 1 else "")
        ranges.append(f"{name} {ends} ({len(values)} value{'s' if len(values) > 1 else ''})")
    answers = {"size": f"{fit.rows} runs, {used} of them fitted; {', '.join(ranges)}"}
    if {"N", "D"} <= set(table):
        ratio = np.asarray(table["D"], dtype=float) / np.asarray(table["N"], dtype=float)
        answers["ratio"] = f"{ratio.min():.3g} to {ratio.max():.3g}"
    if used < fit.rows:
        answers["chosen"] = f"{fit.rows - used} rows have weight 0"
    if "run" in table:
        names = {str(name) for name in table["run"]}
        single = len(names) == len(table["run"])
        answers["checkpoints"] = (
            "one row a run"
            if single
            else f"{len(table['run'])} checkpoints of {len(names)} runs, rows of a run dependent"
        )
    return answers | _seeds(fit, table)


def _seeds(fit: Fit, table: Mapping[str, Any]) -> dict[str, str]:
    cells = len(np.unique(np.column_stack([np.asarray(fit.columns[name], float) for name in fit.law.columns]), axis=0))
    seeds = len(set(map(str, np.asarray(table["seed"]).tolist()))) if "seed" in table else 0
    if cells < fit.rows:
        return {
            "seeds": f"{fit.rows} rows at {cells} settings, each row fitted" + (f"; {seeds} seeds" if seeds else "")
        }
    return {"seeds": f"one run a setting{f'; {seeds} seed' + ('s' if seeds > 1 else '') if seeds else ''}"}


def _counting(table: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, str]:
    columns = dict(about.get("columns") or {})
    answers = {"count_n": str(about.get("convention") or columns.get("N") or "")}
    for name in ("convention", "param_count"):
        values = _values(table, name)
        if values:
            answers["count_n"] = "; ".join(filter(None, [answers["count_n"], f"{name}: {values}"]))
    answers["count_d"] = str(columns.get("D", ""))
    answers["count_c"] = "; ".join(filter(None, [str(columns.get("C", "")), _six(table)]))
    answers["loss"] = str(columns.get("loss", ""))
    return answers


def _six(table: Mapping[str, Any]) -> str:
    """C over 6 N D P, where the table has what it takes."""
    if not {"C", "N", "D"} <= set(table):
        return ""
    streams = np.asarray(table["P"], dtype=float) if "P" in table else 1.0
    plain = 6 * np.asarray(table["N"], dtype=float) * np.asarray(table["D"], dtype=float) * streams
    ratio = np.asarray(table["C"], dtype=float) / plain
    name = "6 N D P" if np.max(streams) > 1 else "6 N D"
    if np.abs(ratio - 1).max() < 0.001:
        return f"C = {name} in every row"
    return f"C is {ratio.min():.3g} to {ratio.max():.3g} times {name}"


def _training(table: Mapping[str, Any]) -> dict[str, str]:
    batch = [f"{name} {values}" for name in (*_BATCHES, "context") if (values := _values(table, name))]
    shape = [f"{name} {values}" for name in ("layers", "depth", "width") if (values := _values(table, name))]
    schedule = [values for name in ("schedule", "decay") if (values := _values(table, name))]
    return {
        "corpus": _values(table, "dataset"),
        "tokenizer": _values(table, "tokenizer"),
        "optimiser": _values(table, "optimiser") or _values(table, "optimizer"),
        "rate": next((values for name in _RATES if (values := _values(table, name))), ""),
        "batch": ", ".join(batch),
        "architecture": ", ".join(shape),
        "schedule": ", decay ".join(schedule),
        "warmup": _values(table, "warmup"),
    }


def _values(table: Mapping[str, Any], name: str) -> str:
    """The values of a column: a few as they are, many numbers as a range; empty where it has none."""
    if name not in table:
        return ""
    values = [each for each in np.asarray(table[name]).tolist() if each is not None and each == each and each != ""]
    kinds = sorted(set(values), key=lambda each: (isinstance(each, str), each))
    if len(kinds) <= _FEW:
        return ", ".join(each if isinstance(each, str) else f"{each:g}" for each in kinds)
    if isinstance(kinds[0], str):
        return f"{len(kinds)}: {', '.join(map(str, kinds[:_FEW]))}, ..."
    return f"{kinds[0]:g} to {kinds[-1]:g} ({len(kinds)} values)"


def _fit(fit: Fit) -> dict[str, str]:
    proof = fit.convergence
    searched = f"{proof.grid_points} points of a grid" if proof.grid_minima else f"{proof.grid_points} scattered points"
    gap = f"next minimum {100 * proof.other_minima[0]:.3g} % higher" if proof.other_minima else "no other minimum found"
    bound = [part.says for part in degenerate_parts(fit)]
    minimum = (
        f"{'yes' if proof.converged else 'NO'}: gradient {proof.gradient:.1e} of the objective, "
        f"condition of the Hessian {proof.condition:.3g}, {gap}; objective {fit.objective!r}"
    )
    return {
        "objective": fit.settings.describe(),
        "weights": "no" if fit.weights is None else f"yes, {number(fit.weights.min())} to {number(fit.weights.max())}",
        "starts": f"{searched}, the best {proof.starts} polished; {proof.agreed} ended at the same best minimum",
        "convergence": minimum,
        "bounds": " ".join(bound) or "no",
        "quality": f"R2 {number(fit.r2)}, RMSE {number(fit.rmse)} nats per token, MAPE {number(fit.mape)} %",
        "interval": "" if fit.draws is None else _interval(fit),
    }


def _interval(fit: Fit) -> str:
    draws = fit.require_draws()
    seed = "" if draws.seed is None else f"; seed {draws.seed}"
    failed = int((~draws.converged).sum())
    return f"bias-corrected percentile, 95 %, of {draws.describe()}{seed}; {failed} did not converge"
