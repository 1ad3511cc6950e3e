"""Memory and latency measured on the machine at hand, with the roofline's prediction beside them."""

from scalelaw.cost.machine import NOISY
from scalelaw.cost.measured.calibrating import calibrated, crossed_errors, errors
from scalelaw.cost.measured.measuring import measure_costs
from scalelaw.cost.measured.table import flagged, read_measured

__all__ = ["NOISY", "calibrated", "crossed_errors", "errors", "flagged", "measure_costs", "read_measured"]
