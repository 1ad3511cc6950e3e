"""Findings as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from scalelaw.analysis.diagnosis.finding import Finding

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.analysis.diagnosis.design import Design
    from scalelaw.analysis.diagnosis.diagnosing import Diagnosis

_WIDTH, _SHOWN = 110, 5
NOTHING = "nothing found"


def sentences(findings: Iterable[Finding]) -> list[str]:
    """Findings under headings, wrapped."""
    lines: list[str] = []
    about = ""
    for finding in findings:
        if finding.about != about:
            about = finding.about
            lines.append(f"[[{about.capitalize()}]]")
        lines += textwrap.wrap(str(finding), _WIDTH, initial_indent="    ", subsequent_indent="      ")
    return lines


def indented(frame: pd.DataFrame) -> list[str]:
    """A frame as aligned text, indented."""
    text = frame.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4g}")
    return [f"    {line}" for line in text.splitlines()]


def design_report(design: Design) -> str:
    """What a design can tell, as text."""
    lines = ["[[Expected]]", *indented(design.frame), f"    condition {design.condition:.4g}"]
    found = sentences(design.findings) or ["[[Design]]", f"    {NOTHING}"]
    return "\n".join([*lines, *found]) + "\n"


def diagnosis_report(diagnosis: Diagnosis) -> str:
    """What is doubtful about a fit, as text: findings first, then the tables that they come from."""
    lines = sentences(diagnosis.findings) or ["[[Findings]]", f"    {NOTHING}"]
    weak = diagnosis.identifiability
    if weak is not None:
        lines += ["[[Parameters, each moved as far as the noise lets it]]", *indented(weak.drop(columns="says"))]
    shown = diagnosis.influence.drop(columns="converged").head(_SHOWN)
    lines += [f"[[Runs that move the fit most, of {len(diagnosis.influence)}]]", *indented(shown)]
    if len(diagnosis.residuals):
        runs = diagnosis.residuals.attrs.get("runs")
        by = f", {runs} runs and not their checkpoints taken to be independent" if runs else ""
        lines += [f"[[Residuals along the columns{by}]]", *indented(diagnosis.residuals.drop(columns="says"))]
    return "\n".join(lines) + "\n"
