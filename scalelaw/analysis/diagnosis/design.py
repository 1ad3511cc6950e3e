"""What a design of runs can tell about a law, before compute is spent on it: no losses are needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.columns import read_values
from scalelaw.analysis.diagnosis.finding import Finding, findings_frame, joined
from scalelaw.analysis.diagnosis.helping import helping_run
from scalelaw.analysis.diagnosis.identifiability import condition_of
from scalelaw.analysis.diagnosis.shape import beyond, helps, shape
from scalelaw.errors import FitError
from scalelaw.fit.design import check_design, undetermined
from scalelaw.fit.differences import central
from scalelaw.fit.model import Model, build, slopes_at
from scalelaw.fit.predict import columns_to_predict
from scalelaw.fit.starts import some_points
from scalelaw.laws import resolve
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

_BAD = 30.0
"""A condition that is bad."""
_STEP = 1e-5
"""Relative step of the central differences of the parameters."""


@dataclass(frozen=True, eq=False)
class Design:
    """What a table of runs, made or planned, can tell about a law.

    Attributes
    ----------
    law : Law
    rows : int
    frame : DataFrame
        One row a parameter: ``parameter``, ``assumed``, ``error`` (expected standard error; infinite where the runs do
        not determine it) and ``relative``, the error over the value.
    condition : float
        Of the slopes of log loss, see `scalelaw.analysis.diagnosis.condition`; infinite for an impossible design.
    findings : tuple of Finding
    run : dict of str to float
        The run that would help most: one value a column of the law.
    run_condition : float
        The condition with that run.
    target_error : float
        Expected standard error of log loss at the target; NaN without one.
    """

    law: Law
    rows: int
    frame: pd.DataFrame
    condition: float
    findings: tuple[Finding, ...]
    run: dict[str, float]
    run_condition: float
    target_error: float

    def report(self) -> str:
        """The design in words."""
        from scalelaw.analysis.diagnosis.rendering import design_report

        return design_report(self)

    def findings_frame(self) -> pd.DataFrame:
        """One row a finding: ``about``, ``says``, ``cure``."""
        return findings_frame(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "law": self.law.name,
            "rows": self.rows,
            "condition": self.condition,
            "findings": self.findings_frame().to_dict("records"),
            "parameters": self.frame.to_dict("records"),
            "run": self.run,
            "run_condition": self.run_condition,
            "target_error": self.target_error,
        }


def design(
    law: Law | str | Fit,
    runs: Any = None,
    *,
    params: Mapping[str, float] | None = None,
    noise: float | None = None,
    at: Mapping[str, Any] | None = None,
) -> Design:
    """Say what a table of runs can tell about a law, whatever its losses are or will be.

    Parameters
    ----------
    law : Law, str or Fit
        A fit brings its law, its parameters and, unless others are given, its runs.
    runs : DataFrame or mapping of str to numbers, quantities or arrays, optional
        The law's columns; a planned table needs no losses.
    params : mapping of str to float, optional
        Parameters to assume, as of a fit to similar runs: how well an exponent can be told depends on them, though not
        much.
    noise : float, optional
        Assumed standard deviation of log loss; a fit brings its own, otherwise 0.01.
    at : mapping of str to number or quantity, optional
        A run to be predicted, such as ``{"N": "70B", "D": "1.4T"}``: how far from the runs it lies and how certain its
        loss will be.

    Returns
    -------
    Design

    Raises
    ------
    FitError
        If the law's parameters are not all given, or a value means nothing.
    RunsError
        If a column is missing or faulty.

    Examples
    --------
    >>> import numpy as np
    >>> from scalelaw.laws import chinchilla
    >>> N = np.geomspace(1e8, 1e10, 6)
    >>> besiroglu = {"E": 1.82, "A": 482.0, "B": 2085.0, "alpha": 0.35, "beta": 0.37}
    >>> planned = design(chinchilla, {"N": N, "D": 20 * N}, params=besiroglu)
    >>> print(planned.findings[0].says.partition(",")[0])
    Law 'chinchilla' cannot be fitted to these runs: D is 20 times N in every run
    >>> "D" in planned.run and planned.run_condition < planned.condition
    True
    """
    import pandas as pd

    law, columns, params, noise = _given(law, runs, params, noise)
    model = build(law, columns)
    theta = np.array([params[name] for name in law.parameters], dtype=float)
    coordinates = model.coordinates
    x = np.clip(coordinates.from_parameters(theta), coordinates.plan.lower, coordinates.plan.upper)
    slopes = slopes_at(model, x, log=True)
    refused = _refusal(law, model, columns, x[None])
    lost = law.parameters if refused else undetermined(law, model, x[None])
    if refused and not _refusal(law, model, columns, some_points(law)):  # the runs would do for other parameters
        lost = undetermined(law, model, x[None])
        refused = f"{_effects(lost)}: a part of the law has vanished."
    conditioned = float("inf") if refused else condition_of(slopes)
    moved = central(coordinates.to_parameters, x[None], _STEP * np.maximum(np.abs(x[None]), 1e-2))[0].T
    errors = _errors(slopes, moved, noise)
    errors[[law.parameters.index(name) for name in lost]] = np.inf
    run, better = helping_run(law, columns, theta)
    target = None if at is None else {name: float(read_values(name, at[name])[0]) for name in law.columns if name in at}
    target_error = _target_error(law, columns, theta, target, noise, possible=np.isfinite(conditioned))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = errors / np.abs(theta)
    found = [*([refused] if refused else []), *shape(law, columns, refused)]
    if not refused and conditioned > _BAD:
        worst = max(zip(relative, law.parameters, strict=True))[1]
        found.append(f"Some parameters are badly determined together (condition {conditioned:.0f}), {worst} the worst.")
    findings = [Finding("design", says) for says in found[:-1]]
    possible = set(lost) != set(law.parameters)
    findings += [Finding("design", says, helps(run, conditioned, better, possible=possible)) for says in found[-1:]]
    findings += beyond(columns, target, target_error)
    frame = pd.DataFrame({"parameter": law.parameters, "assumed": theta, "error": errors, "relative": relative})
    return Design(law, model.rows, frame, conditioned, tuple(findings), run, better, target_error)


def _given(
    law: Law | str | Fit, runs: Any, params: Mapping[str, float] | None, noise: float | None
) -> tuple[Law, dict[str, np.ndarray], Mapping[str, float], float]:
    """The law, its columns as floats, parameters and noise, from what was given."""
    if not isinstance(law, Law | str):
        fit = law
        if noise is None:
            loss = np.asarray(fit.columns["loss"], dtype=float)
            noise = float(1.4826 * np.median(np.abs(np.log(fit.predicted / loss)))) or 0.01
        law, params, runs = fit.law, params or fit.params, fit.columns if runs is None else runs
    elif runs is None:
        raise FitError("a design is a table of runs; give the columns of the law, with or without losses")
    law = resolve(law, columns=tuple(map(str, runs)))
    lacking = [name for name in law.parameters if name not in (params or {})]
    if lacking:
        raise FitError(
            f"what a design can tell depends on the law's parameters, and {joined(lacking)} of law {law.name!r} "
            f"{'is' if len(lacking) == 1 else 'are'} not given; assume values, as those of a fit to similar runs"
        )
    noise = 0.01 if noise is None else noise
    if not noise > 0:
        raise FitError(f"noise is a standard deviation of log loss, above 0, such as 0.01, not {noise!r}")
    table = {str(name): runs[name] for name in runs if str(name) != "loss"}
    columns = columns_to_predict(law, table)
    return law, {name: np.asarray(values, dtype=float) for name, values in columns.items()}, params or {}, noise


def _refusal(law: Law, model: Model, columns: Mapping[str, np.ndarray], points: np.ndarray) -> str:
    """Why the law cannot be fitted to these columns, by its slopes at coordinates (m, p); empty if it can."""
    try:
        check_design(law, model, columns, points)
    except FitError as error:
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}."
    return ""


def _effects(lost: tuple[str, ...]) -> str:
    """What is wrong with parameters that the runs do not determine, as the start of a sentence."""
    if len(lost) == 1:
        return f"At these parameters {lost[0]} has no effect on the loss of any run"
    return f"At these parameters {joined(lost)} have no effect on the loss of any run, or the same one"


def _errors(slopes: np.ndarray, gradient: np.ndarray, noise: float) -> np.ndarray:
    """Expected standard errors of quantities with these gradients (m, q)."""
    with np.errstate(over="ignore"):  # an amplitude of 1e200 has an error that is no number
        return np.asarray(noise * np.sqrt(((gradient @ np.linalg.pinv(slopes)) ** 2).sum(1)))


def _target_error(
    law: Law, columns: Mapping[str, np.ndarray], theta: np.ndarray, target: Mapping[str, float] | None, noise: float,
    *, possible: bool,
) -> float:  # fmt: skip
    if target is None:
        return float("nan")
    missing = [name for name in law.columns if name not in target]
    if missing:
        raise FitError(f"the run to predict lacks {joined(missing)}; law {law.name!r} reads {', '.join(law.columns)}")
    if not possible:
        return float("inf")
    model = build(law, {name: np.append(values, target[name]) for name, values in columns.items()})
    slopes = slopes_at(model, model.coordinates.from_parameters(theta), log=True)
    return float(_errors(slopes[:-1], slopes[-1:], noise)[0])
