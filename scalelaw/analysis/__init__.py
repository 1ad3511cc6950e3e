"""What follows from a fit, as DataFrames: equivalent parameters, contours, iso-loss lines, curves."""

from scalelaw.analysis.allocation import allocate, allocation_exponents, compute_multiplier
from scalelaw.analysis.approaches import approaches
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
from scalelaw.analysis.downstream import TwoStep, downstream, downstream_gains, scored_runs
from scalelaw.analysis.envelope import envelope
from scalelaw.analysis.equivalence import equivalence
from scalelaw.analysis.frontier import Frontier
from scalelaw.analysis.iso import iso_loss, round_levels
from scalelaw.analysis.isoflop import isoflop
from scalelaw.analysis.learning_curves import learning_curves
from scalelaw.analysis.pairs import paired_differences
from scalelaw.analysis.plan import (
    Plan,
    Service,
    added_at_equal_loss,
    choice_regions,
    cost_claims,
    cost_ratios,
    measured_ways,
    plan,
    read_study,
    study_costs,
    training_costs,
    turning_batch,
    ways_to_scale,
)
from scalelaw.analysis.quantities import read_quantity
from scalelaw.analysis.sensitivity import sensitivity
from scalelaw.analysis.streams_or_parameters import streams_or_parameters
from scalelaw.analysis.suggest import suggest

__all__ = [
    "CLOSED_FORMS",
    "Checklist",
    "Design",
    "Diagnosis",
    "Finding",
    "Frontier",
    "Plan",
    "Service",
    "TwoStep",
    "added_at_equal_loss",
    "allocate",
    "allocation_exponents",
    "approaches",
    "checklist",
    "choice_regions",
    "compute_multiplier",
    "condition",
    "contour_grid",
    "correlations",
    "cost_claims",
    "cost_ratios",
    "curves",
    "design",
    "diagnose",
    "downstream",
    "downstream_gains",
    "envelope",
    "equivalence",
    "identifiability",
    "influence",
    "iso_loss",
    "isoflop",
    "learning_curves",
    "measured_ways",
    "paired_differences",
    "plan",
    "read_quantity",
    "read_study",
    "read_values",
    "residual_structure",
    "round_levels",
    "scored_runs",
    "sensitivity",
    "streams_or_parameters",
    "study_costs",
    "suggest",
    "training_costs",
    "turning_batch",
    "ways_to_scale",
]
