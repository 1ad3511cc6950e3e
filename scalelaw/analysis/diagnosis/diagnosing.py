"""Everything that is doubtful about a fit, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scalelaw.analysis.diagnosis.design import Design, design
from scalelaw.analysis.diagnosis.finding import Finding, findings_frame
from scalelaw.analysis.diagnosis.identifiability import identifiability, identifiability_findings
from scalelaw.analysis.diagnosis.influence import influence, influence_findings
from scalelaw.analysis.diagnosis.structure import residual_structure, structure_findings
from scalelaw.errors import FitError
from scalelaw.fit.degenerate import degenerate_parts
from scalelaw.fit.resampling import shared_runs

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.quantity import Given
    from scalelaw.fit.result import Fit


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What is doubtful about a fit.

    Attributes
    ----------
    fit : Fit
    findings : tuple of Finding
        The gravest kinds first: degenerate, design, identifiability, influence, outliers, residuals.
    design : Design
    identifiability, influence, residuals : DataFrame
        See the functions of these names (``residual_structure`` for the last); the first is None where the fit leaves
        no noise to measure by.
    """

    fit: Fit
    findings: tuple[Finding, ...]
    design: Design
    identifiability: pd.DataFrame | None
    influence: pd.DataFrame
    residuals: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row a finding: ``about``, ``says``, ``cure``."""
        return findings_frame(self.findings)

    def report(self) -> str:
        """The findings as text, and the tables behind them."""
        from scalelaw.analysis.diagnosis.rendering import diagnosis_report

        return diagnosis_report(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        frames = {"identifiability": self.identifiability, "influence": self.influence, "residuals": self.residuals}
        return {
            "law": self.fit.law.name,
            "condition": self.design.condition,
            "findings": self.frame.to_dict("records"),
            "run": self.design.run,
            **{name: None if frame is None else frame.to_dict("records") for name, frame in frames.items()},
        }


def diagnose(
    fit: Fit,
    runs: Mapping[str, Any] | None = None,
    *,
    of: Given | None = None,
    at: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Say what is doubtful about a fit.

    Parameters
    ----------
    fit : Fit
    runs : DataFrame or mapping of str to array, optional
        The table that was fitted: residuals are tested along its other columns too. Rows that share a ``run``, by
        this table or by the fit, are left out together, and residuals are tested by runs.
    of : str, Quantity or callable, optional
        A quantity whose change without each run is wanted too, such as ``"loss at N=70B,D=1.4T"``, see `influence`.
    at : mapping of str to number or quantity, optional
        A run to be predicted: how far it lies from the runs, and how certain its loss is.

    Returns
    -------
    Diagnosis

    Raises
    ------
    FitError
        If the fit did not converge, or the table is not the one that was fitted.

    Examples
    --------
    >>> import scalelaw as sl
    >>> runs = sl.load("parscale-pile")
    >>> found = diagnose(sl.fit("parscale", runs), runs)
    >>> found.frame["about"].unique().tolist()
    ['design', 'identifiability', 'outliers', 'residuals']
    """
    planned = design(fit, at=at)
    degenerate = [Finding("degenerate", part.says) for part in degenerate_parts(fit)]
    groups = fit.checkpoints_of if runs is None or "run" not in runs else shared_runs(runs)
    moved = influence(fit, of=of, groups=groups)
    residuals = residual_structure(fit, runs, groups=groups)
    try:
        weak: pd.DataFrame | None = identifiability(fit)
    except FitError:  # no noise to measure by, which is a matter of the design and said there
        weak = None
    told = [] if weak is None else identifiability_findings(weak, planned.condition)
    findings = [*degenerate, *planned.findings, *told, *influence_findings(moved), *structure_findings(residuals)]
    return Diagnosis(fit, tuple(findings), planned, weak, moved, residuals)
