"""Does this installation compute what papers computed? Bundled sets refitted, beside known optima and printed values.

Two kinds of reference are told apart. An *optimum* is known to many digits (polished with 50 digits, or by another
program), and must be met. A *published* value is what a paper printed: it may be rounded, of other runs, or not the
minimum of the objective that the paper names. Then both objectives are in the table, on the same runs, and it is said
which is lower; only a published point with a lower objective than this package found would be a fault of the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.datasets import load_columns, names, published
from scalelaw.errors import RunsError
from scalelaw.fit.fitting import fit
from scalelaw.fit.result import Fit
from scalelaw.runs import Columns, read_columns

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.datasets import Published

AGREES, ELSEWHERE, NOT_OPTIMAL, DISAGREES = "agrees", "of other runs", "not at its optimum", "DISAGREES"
RELATIVE, ABSOLUTE = "relative", "absolute"
CONVERGED, NO_LAW = "converged; nothing printed to compare", "no losses, so no law"

_SAME, _GAP, _CLOSE, _UNROUNDED, _PREDICTED, _EXPONENT, _R2 = 1e-6, 1e-9, 2e-3, 2e-4, 2e-3, 0.01, 1e-4
"""Largest relative difference of parameters, and of objectives, from a known optimum; of parameters from printed and
from unrounded values; of a prediction; and the largest absolute one of an exponent of Porian et al., which hangs on how
minima are found, and of R2, as it is printed."""
_FILE = "(your file)"
_OPTIMA = Path(__file__).with_name("optima.json")
_OTHER_RUNS = frozenset({"chinchilla"})
"""Sets that are a part of, or read off anew from, what the papers fitted."""
_REPLICATION, _OUTLIERS = 245, 5
"""Points that Besiroglu et al. read off the figure, and those with the fewest tokens, which they leave out."""
LEAST_ABSOLUTE = {"E": 1.81686, "A": 482.00572, "B": 2085.43420, "alpha": 0.34781, "beta": 0.36585}
"""Their point estimate, unrounded: Besiroglu et al. 2024, arXiv:2404.10102, the notebook of the paper."""


@dataclass(frozen=True)
class Check:
    """One line of the table; a gap above 0 means that the reference's objective is higher than the one found here."""

    set: str
    law: str
    rows: int
    reference: str
    quantity: str
    verdict: str
    ours: float = float("nan")
    theirs: float = float("nan")
    gap: float = float("nan")
    difference: float = float("nan")
    allowed: float = float("nan")
    unit: str = ""
    tolerances: float = float("nan")
    remark: str = ""


def validate(data: Any = None) -> pd.DataFrame:
    """Refit every bundled set and compare with known optima and published values.

    Parameters
    ----------
    data : path or DataFrame, optional
        The runs of the Chinchilla replication (Besiroglu et al. 2024, github.com/Besiroglu/data,
        svg_extracted_data.csv), which do not ship with this package. Of 245 points the five with the fewest tokens are
        left out, as there.

    Returns
    -------
    DataFrame
        One row a comparison: ``set``, ``law``, ``rows``, ``reference``, ``quantity`` (what is compared), ``ours``,
        ``theirs`` (objectives on the same runs, or the value itself), ``gap`` (theirs over ours, minus 1),
        ``difference`` and what is ``allowed`` of it, in a ``unit``: ``relative``, the largest of a parameter, or of a
        predicted loss, or ``absolute``, of an exponent and of R2; ``tolerances`` (how many times what is allowed it is,
        or for a known optimum how many times 1e-9 the gap is, if that is more: up to 1 agrees); ``verdict`` and
        ``remark``. Verdicts are
        ``agrees``; ``not at its optimum``, where a printed point has a higher objective than this package's on the same
        runs; ``of other runs``, where the printed value belongs to runs of which the set is a part; ``converged;
        nothing printed to compare``; ``no losses, so no law``; and ``DISAGREES``.

    Raises
    ------
    RunsError
        If the data cannot be read or are no such runs.

    Examples
    --------
    >>> table = validate()
    >>> (table["verdict"] == "DISAGREES").sum()
    np.int64(0)
    """
    import pandas as pd

    replicated = None if data is None else _replication_runs(data)  # a bad file is refused before the work
    checks = [check for name in names() for check in _of_set(name)]
    if replicated is not None:
        checks += _replication(replicated)
    columns = [
        "set",
        "law",
        "rows",
        "reference",
        "quantity",
        "ours",
        "theirs",
        "gap",
        "difference",
        "allowed",
        "unit",
        "tolerances",
        "verdict",
        "remark",
    ]
    return pd.DataFrame([vars(check) for check in checks])[columns]


def _of_set(name: str) -> Iterator[Check]:
    """Comparisons of one bundled set."""
    before = list(_optima(name))
    yield from before
    papers = published(name)
    for each in papers:
        yield from _paper(name, each)
    if not before and not papers:
        yield from _alone(name)


def _optima(name: str) -> Iterator[Check]:
    for known in json.loads(_OPTIMA.read_text(encoding="utf-8")):
        if known["set"] == name:
            found = fit(known["law"], load_columns(name), delta=known["delta"])
            difference = _difference(found, known["params"])
            gap = known["objective"] / found.objective - 1
            tolerances = max(abs(gap) / _GAP, difference / _SAME)
            what = f"optimum, delta {known['delta']:g}"
            verdict = AGREES if tolerances <= 1 else DISAGREES
            ends = found.objective, known["objective"], gap, difference, _SAME, RELATIVE, tolerances
            yield Check(name, known["law"], found.rows, "known optimum", what, verdict, *ends)


def _paper(name: str, paper: Published) -> Iterator[Check]:
    """Comparisons with one published fit: its parameters, its prediction, its stored objective or its exponent."""
    reference = paper.reference.partition(", arXiv")[0]
    if "n_exponent" in paper.params:
        yield _isoflop_exponent(name, paper, reference)
    elif paper.params and paper.law.isidentifier() and "minima" not in paper.remark:
        yield from _parameters(name, paper, reference)
    elif "predicted_13B" in paper.metrics:
        yield _prediction(name, paper, reference)


def _parameters(name: str, paper: Published, reference: str) -> Iterator[Check]:
    found = fit(paper.law, load_columns(name, **paper.rows), delta=paper.delta or 1e-3, loss=paper.loss or "huber")
    theirs = _objective(found, paper.params)
    gap, difference = theirs / found.objective - 1, _difference(found, paper.params)
    verdict = AGREES if difference <= _CLOSE else NOT_OPTIMAL
    remark = ""
    if gap < -_GAP:
        verdict = DISAGREES
    elif name in _OTHER_RUNS:
        verdict, remark = ELSEWHERE, "the paper's fit is to more runs, or to runs read off anew"
    elif verdict == NOT_OPTIMAL:
        remark = f"its own objective is {100 * gap:.2g} % higher there than here"
    stored = paper.metrics.get("objective")
    if stored is not None and abs(stored / theirs - 1) > 1e-4:
        verdict, remark = DISAGREES, f"the source stores {stored:.9g} for its own point"
    what = f"parameters, delta {found.settings.delta:g}" if found.settings.delta else "parameters"
    ends = found.objective, theirs, gap, difference, _CLOSE, RELATIVE, difference / _CLOSE
    yield Check(name, paper.law, found.rows, reference, what, verdict, *ends, remark)
    if "r2" in paper.metrics:
        apart = abs(found.r2 - paper.metrics["r2"])
        verdict = AGREES if apart <= _R2 else DISAGREES
        ends = found.r2, paper.metrics["r2"], float("nan"), apart, _R2, ABSOLUTE, apart / _R2
        yield Check(name, paper.law, found.rows, reference, "R2", verdict, *ends)


def _isoflop_exponent(name: str, paper: Published, reference: str) -> Check:
    """The exponent of the best N in C, of minima by Akima's interpolation as in the paper."""
    from scalelaw.analysis.isoflop import isoflop

    columns = load_columns(name, **paper.rows)
    exponents = isoflop(columns, curve="akima").exponents
    ours = float(exponents.loc[exponents["quantity"] == "N", "exponent"].iloc[0])
    theirs = paper.params["n_exponent"]
    verdict = AGREES if abs(ours - theirs) <= _EXPONENT else DISAGREES
    which = ", ".join(paper.rows[key] for key in ("dataset", "hparams", "warmup", "decay", "param_count"))
    what = f"exponent of N* in C ({which})"
    return Check(
        name,
        "N* ~ C^a",
        len(columns["loss"]),
        reference,
        what,
        verdict,
        ours,
        theirs,
        difference=abs(ours - theirs),
        allowed=_EXPONENT,
        unit=ABSOLUTE,
        tolerances=abs(ours - theirs) / _EXPONENT,
    )


def _prediction(name: str, paper: Published, reference: str) -> Check:
    """The model ladder's prediction of the C4 loss at 13B, from its runs of 190M to 1.3B at 1 to 10 times 20 tokens."""
    columns = load_columns(name)
    size, multiple = np.asarray(columns["size"]).astype(str), np.asarray(columns["chinchilla_multiple"], dtype=float)
    kept = (size != "3B") & (multiple >= 1) & ~np.asarray(columns["rerun"], dtype=bool)
    found = fit(paper.law, {key: values[kept] for key, values in columns.items()})
    target = {"N": np.array([13_202_396_160.0]), "D": np.array([5e12])}
    ours, theirs = float(found.law.predict(target, found.params)[0]), paper.metrics["predicted_13B"]
    difference = abs(ours / theirs - 1)
    verdict = AGREES if difference <= _PREDICTED else DISAGREES
    remark = "the paper takes the mean of the last 5 checkpoints; these rows are the last ones"
    what = "predicted loss at 13B"
    ends = ours, theirs, float("nan"), difference, _PREDICTED, RELATIVE, difference / _PREDICTED
    return Check(name, paper.law, found.rows, reference, what, verdict, *ends, remark)


def _alone(name: str) -> Iterator[Check]:
    """A set of which no fit was printed: it must be fitted."""
    columns = load_columns(name)
    if "loss" not in columns:
        yield Check(name, "", len(next(iter(columns.values()))), "", "", NO_LAW)
        return
    for corpus in sorted(set(np.asarray(columns["dataset"]).astype(str))) if "dataset" in columns else [""]:
        rows = load_columns(name, **({"dataset": corpus} if corpus else {}))
        found = fit("chinchilla", rows, throw=False)
        verdict = CONVERGED if found.converged else DISAGREES
        yield Check(name, "chinchilla", found.rows, "", f"optimum, {corpus}", verdict, found.objective)


def _replication(columns: Columns) -> Iterator[Check]:
    """The point of Besiroglu et al. against both objectives: least absolute deviations, and Huber with delta 0.001."""
    found = {loss: fit("chinchilla", columns, loss=loss) for loss in ("absolute", "huber")}
    apart = {loss: _difference(each, LEAST_ABSOLUTE) for loss, each in found.items()}
    is_absolute = apart["absolute"] <= _UNROUNDED
    for loss, what in (
        ("huber", "parameters, Huber, delta 0.001"),
        ("absolute", "parameters, least absolute deviations"),
    ):
        ours, theirs = found[loss].objective, _objective(found[loss], LEAST_ABSOLUTE)
        gap = theirs / ours - 1
        verdict = AGREES if apart[loss] <= _UNROUNDED else NOT_OPTIMAL
        if gap < -_GAP or (loss == "absolute" and not is_absolute):
            verdict = DISAGREES
        remark = "the printed point is the least-absolute-deviations fit" if loss == "huber" and is_absolute else ""
        ends = ours, theirs, gap, apart[loss], _UNROUNDED, RELATIVE, apart[loss] / _UNROUNDED
        reference = "Besiroglu, Erdil, Barnett, You 2024"
        yield Check(_FILE, "chinchilla", found[loss].rows, reference, what, verdict, *ends, remark)


def _replication_runs(data: Any) -> Columns:
    if hasattr(data, "columns") or isinstance(data, Mapping):
        from scalelaw.runs import check_columns

        columns = check_columns({str(name): data[name] for name in data})
    else:
        columns = read_columns(str(data))
    lacking = [name for name in ("N", "loss") if name not in columns] + ([] if {"C", "D"} & set(columns) else ["C"])
    if lacking:
        raise RunsError(
            f"the replication's runs have a model size, training FLOPs and a loss, and this table has no {lacking[0]}; "
            "give svg_extracted_data.csv of Besiroglu et al. 2024"
        )
    size, loss = (np.asarray(columns[name], dtype=float) for name in ("N", "loss"))
    tokens = (
        np.asarray(columns["D"], dtype=float) if "D" in columns else np.asarray(columns["C"], dtype=float) / (6 * size)
    )
    kept = np.ones(len(loss), dtype=bool)
    if len(loss) == _REPLICATION:
        kept[np.argsort(tokens)[:_OUTLIERS]] = False
    return {"N": size[kept], "D": tokens[kept], "loss": loss[kept]}


def _difference(found: Fit, params: Mapping[str, float]) -> float:
    """Largest relative difference of a parameter."""
    return max(abs(found.params[name] / value - 1) for name, value in params.items())


def _objective(found: Fit, params: Mapping[str, float]) -> float:
    """The fit's own objective at other parameters."""
    predicted = found.law.predict(found.columns, params)
    return float(found.settings.objective(found.settings.residuals(predicted, found.columns["loss"]), found.weights))
