"""Resampling: which rows go together, what every resample changes (weights or losses), and all of them refitted."""

from scalelaw.fit.resampling.draws import Draws
from scalelaw.fit.resampling.plan import KINDS, Resampling, numbered, shared_runs
from scalelaw.fit.resampling.refitting import own_grid, refit

__all__ = ["KINDS", "Draws", "Resampling", "numbered", "own_grid", "refit", "shared_runs"]
