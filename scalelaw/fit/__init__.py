"""Fitting: `fit` takes a law and runs and gives a `Fit`; `fit_groups` several groups of runs at once.

`compare` ranks laws on the same runs; `tournament` and `duel` say how sure the order is.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scalelaw.fit.compare import compare
from scalelaw.fit.fitting import fit
from scalelaw.fit.result import Fit

if TYPE_CHECKING:
    from scalelaw.fit.comparing.by_distance import error_by_distance
    from scalelaw.fit.comparing.evidence import evidence
    from scalelaw.fit.comparing.held_out import held_out
    from scalelaw.fit.comparing.nested import nested_test
    from scalelaw.fit.comparing.tournament import duel, tournament
    from scalelaw.fit.grouping.fitting import GroupFit, fit_groups

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

# what a fit alone does not need is imported when it is first used; no module of this folder may have such a name
_LATER = {
    "GroupFit": "grouping.fitting",
    "duel": "comparing.tournament",
    "error_by_distance": "comparing.by_distance",
    "evidence": "comparing.evidence",
    "fit_groups": "grouping.fitting",
    "held_out": "comparing.held_out",
    "nested_test": "comparing.nested",
    "tournament": "comparing.tournament",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'scalelaw.fit' has no attribute {name!r}")
    return getattr(import_module(f"scalelaw.fit.{_LATER[name]}"), name)
