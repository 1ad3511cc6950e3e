"""Fitting: `fit` takes a law and runs and gives a `Fit`; `compare` ranks laws on the same runs."""

from scalelaw.fit.compare import compare
from scalelaw.fit.fitting import fit
from scalelaw.fit.result import Fit

__all__ = ["Fit", "compare", "fit"]
