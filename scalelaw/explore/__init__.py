"""A page to explore fitted laws in: one HTML file with everything in it, or served while a sweep goes on.

The page computes nothing that Python does not: losses, equivalents, memory and latency come from JavaScript that is
generated from the functions of the laws and of the cost models (`scalelaw.explore.javascript`), and the bias-corrected
intervals from the fit's own bootstrap draws.
"""

from scalelaw.explore.live import SavedFits, WatchedSweep
from scalelaw.explore.serving import serve
from scalelaw.explore.writing import expression, page, write

__all__ = ["SavedFits", "WatchedSweep", "expression", "page", "serve", "write"]
