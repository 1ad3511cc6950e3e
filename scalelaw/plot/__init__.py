"""Figures of fits: each ``(fit_or_frame, *, ax=None, ...) -> Axes``; `style` sets a venue's page, `save` writes.

A figure takes a Fit, or the DataFrame that the analysis of the same name returns; it computes no law.
"""

from scalelaw.plot.allocation import allocation
from scalelaw.plot.calibration import calibration
from scalelaw.plot.comparison import comparison
from scalelaw.plot.contours import contours
from scalelaw.plot.cost import cost, cost_panels
from scalelaw.plot.curves import curves
from scalelaw.plot.distance import error_distance
from scalelaw.plot.downstream import downstream, gains
from scalelaw.plot.equivalence import equivalence
from scalelaw.plot.evidence import evidence
from scalelaw.plot.exponents import exponents
from scalelaw.plot.groups import groups
from scalelaw.plot.influence import influence
from scalelaw.plot.isoflop import isoflop
from scalelaw.plot.nested import nested
from scalelaw.plot.parting import parting
from scalelaw.plot.profile import profile
from scalelaw.plot.regions import choice_regions
from scalelaw.plot.residuals import residuals
from scalelaw.plot.saving import save
from scalelaw.plot.sensitivity import sensitivity
from scalelaw.plot.style import VENUES, style
from scalelaw.plot.suggest import suggest
from scalelaw.plot.tournament import duel, tournament
from scalelaw.plot.trade import trade
from scalelaw.plot.validate import validate

__all__ = [
    "VENUES",
    "allocation",
    "calibration",
    "choice_regions",
    "comparison",
    "contours",
    "cost",
    "cost_panels",
    "curves",
    "downstream",
    "duel",
    "equivalence",
    "error_distance",
    "evidence",
    "exponents",
    "gains",
    "groups",
    "influence",
    "isoflop",
    "nested",
    "parting",
    "profile",
    "residuals",
    "save",
    "sensitivity",
    "style",
    "suggest",
    "tournament",
    "trade",
    "validate",
]
