"""What to deploy, given a law, a machine and limits."""

from scalelaw.analysis.plan.choice import Plan, plan
from scalelaw.analysis.plan.claims import cost_claims, turning_batch
from scalelaw.analysis.plan.measured import measured_ways
from scalelaw.analysis.plan.regions import choice_regions
from scalelaw.analysis.plan.service import Service
from scalelaw.analysis.plan.study import CostStudy, read_study, study_costs
from scalelaw.analysis.plan.trained import training_costs
from scalelaw.analysis.plan.ways import added_at_equal_loss, cost_ratios, ways_to_scale

__all__ = [
    "CostStudy",
    "Plan",
    "Service",
    "added_at_equal_loss",
    "choice_regions",
    "cost_claims",
    "cost_ratios",
    "measured_ways",
    "plan",
    "read_study",
    "study_costs",
    "training_costs",
    "turning_batch",
    "ways_to_scale",
]
