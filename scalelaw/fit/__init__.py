"""Fitting: `fit` takes a law and runs and gives a `Fit`; `fit_groups` several groups of runs at once.

`compare` ranks laws on the same runs; `tournament` and `duel` say how sure the order is.
"""

from scalelaw.fit.compare import compare
from scalelaw.fit.comparing.by_distance import error_by_distance
from scalelaw.fit.comparing.evidence import evidence
from scalelaw.fit.comparing.held_out import held_out
from scalelaw.fit.comparing.nested import nested_test
from scalelaw.fit.comparing.tournament import duel, tournament
from scalelaw.fit.fitting import fit
from scalelaw.fit.grouping.fitting import GroupFit, fit_groups
from scalelaw.fit.result import Fit

__all__ = [
    "Fit",
    "GroupFit",
    "compare",
    "duel",
    "error_by_distance",
    "evidence",
    "fit",
    "fit_groups",
    "held_out",
    "nested_test",
    "tournament",
]
