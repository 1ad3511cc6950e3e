"""What is doubtful about a fit or a design, in words and as frames."""

from scalelaw.analysis.diagnosis.design import Design, design
from scalelaw.analysis.diagnosis.diagnosing import Diagnosis, diagnose
from scalelaw.analysis.diagnosis.finding import Finding
from scalelaw.analysis.diagnosis.identifiability import condition, correlations, identifiability
from scalelaw.analysis.diagnosis.influence import influence
from scalelaw.analysis.diagnosis.structure import residual_structure

__all__ = [
    "Design",
    "Diagnosis",
    "Finding",
    "condition",
    "correlations",
    "design",
    "diagnose",
    "identifiability",
    "influence",
    "residual_structure",
]
