"""What follows from a fit, as DataFrames: equivalent parameters, contours, iso-loss lines, curves."""

from scalelaw.analysis.allocation import allocate, allocation_exponents, compute_multiplier
from scalelaw.analysis.asked import asked
from scalelaw.analysis.checklist import Checklist, checklist
from scalelaw.analysis.closed import CLOSED_FORMS
from scalelaw.analysis.columns import read_values
from scalelaw.analysis.contours import contour_grid
from scalelaw.analysis.curves import curves
from scalelaw.analysis.diagnosis import (
    Design,
    Diagnosis,
    Finding,
    condition,
    correlations,
    design,
    diagnose,
    identifiability,
    influence,
    residual_structure,
)
from scalelaw.analysis.equivalence import equivalence
from scalelaw.analysis.iso import iso_loss, round_levels
from scalelaw.analysis.pairs import paired_differences
from scalelaw.analysis.sensitivity import sensitivity

__all__ = [
    "CLOSED_FORMS",
    "Checklist",
    "Design",
    "Diagnosis",
    "Finding",
    "allocate",
    "allocation_exponents",
    "asked",
    "checklist",
    "compute_multiplier",
    "condition",
    "contour_grid",
    "correlations",
    "curves",
    "design",
    "diagnose",
    "equivalence",
    "identifiability",
    "influence",
    "iso_loss",
    "paired_differences",
    "read_values",
    "residual_structure",
    "round_levels",
    "sensitivity",
]
