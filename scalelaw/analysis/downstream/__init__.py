"""From loss to benchmark scores: what streams buy downstream, by the tables and by a law in two steps."""

from scalelaw.analysis.downstream.gains import GROUPS, downstream_gains
from scalelaw.analysis.downstream.scored import scored_runs
from scalelaw.analysis.downstream.two_step import TwoStep, downstream

__all__ = ["GROUPS", "TwoStep", "downstream", "downstream_gains", "scored_runs"]
