"""Figures of fits: each ``(fit_or_frame, *, ax=None, ...) -> Axes``; `style` sets a venue's page, `save` writes.

A figure takes a Fit, or the DataFrame that the analysis of the same name returns; it computes no law.
"""

from scalelaw.plot.allocation import allocation
from scalelaw.plot.calibration import calibration
from scalelaw.plot.comparison import comparison
from scalelaw.plot.contours import contours
from scalelaw.plot.curves import curves
from scalelaw.plot.equivalence import equivalence
from scalelaw.plot.profile import profile
from scalelaw.plot.residuals import residuals
from scalelaw.plot.saving import save
from scalelaw.plot.style import VENUES, style

__all__ = [
    "VENUES",
    "allocation",
    "calibration",
    "comparison",
    "contours",
    "curves",
    "equivalence",
    "profile",
    "residuals",
    "save",
    "style",
]
