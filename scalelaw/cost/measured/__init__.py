"""Memory and latency measured on the machine at hand, with the roofline's prediction beside them."""

from scalelaw.cost.measured.calibrating import calibrated, errors
from scalelaw.cost.measured.measuring import NOISY, flagged, measure_costs

__all__ = ["NOISY", "calibrated", "errors", "flagged", "measure_costs"]
