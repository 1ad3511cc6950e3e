"""What follows from a fit, as DataFrames: equivalent parameters, contours, iso-loss lines, curves."""

from scalelaw.analysis.allocation import allocate, allocation_exponents, compute_multiplier
from scalelaw.analysis.closed import CLOSED_FORMS
from scalelaw.analysis.columns import read_values
from scalelaw.analysis.contours import contour_grid
from scalelaw.analysis.curves import curves
from scalelaw.analysis.equivalence import equivalence
from scalelaw.analysis.iso import iso_loss, round_levels
from scalelaw.analysis.pairs import paired_differences

__all__ = [
    "CLOSED_FORMS",
    "allocate",
    "allocation_exponents",
    "compute_multiplier",
    "contour_grid",
    "curves",
    "equivalence",
    "iso_loss",
    "paired_differences",
    "read_values",
    "round_levels",
]
