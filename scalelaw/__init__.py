"""scalelaw: from a table of training runs to a scaling law, an honest interval and a figure.

>>> import numpy as np
>>> import scalelaw as sl
>>> runs = sl.load("parscale-pile")                      # or sl.read("runs.csv")
>>> fit = sl.fit(sl.laws.parscale, runs, bootstrap=1000, rng=0)
>>> print(f"two streams are worth {1 + fit.params['k'] * np.log(2):.3f} times the parameters, R2 = {fit.r2:.4f}")
two streams are worth 1.232 times the parameters, R2 = 0.9987
>>> fit.predict({"N": 1.6e9, "P": 8}).round(4)
            N  P    loss
0  1600000000  8  1.8865

A law of one's own is a function: columns, then a star, then parameters.

>>> def mine(N, P, *, E, A, alpha, b):
...     "E + A / (N P^b)^alpha"
...     return E + A / (N * P**b) ** alpha
>>> own = sl.fit(sl.Law("mine", mine), runs)
>>> print(f"b = {own.params['b']:.3f}")
b = 0.254
"""

from typing import TYPE_CHECKING, Any

from scalelaw import laws, runs
from scalelaw._version import __version__ as __version__
from scalelaw.errors import FitError, LawError, RunsError, ScalelawError
from scalelaw.fit import Fit, compare, fit
from scalelaw.laws import Law
from scalelaw.runs import check, read, write

if TYPE_CHECKING:
    from scalelaw import analysis, cost, datasets, explore, importers, plot
    from scalelaw import pretrained as pretrained
    from scalelaw.analysis.allocation import allocate, allocation_exponents, compute_multiplier
    from scalelaw.analysis.approaches import approaches
    from scalelaw.analysis.checklist import checklist
    from scalelaw.analysis.contours import contour_grid
    from scalelaw.analysis.curves import curves
    from scalelaw.analysis.diagnosis import design, diagnose
    from scalelaw.analysis.downstream import downstream, downstream_gains
    from scalelaw.analysis.envelope import envelope
    from scalelaw.analysis.equivalence import equivalence
    from scalelaw.analysis.iso import iso_loss
    from scalelaw.analysis.isoflop import isoflop
    from scalelaw.analysis.learning_curves import learning_curves
    from scalelaw.analysis.parting import parting
    from scalelaw.analysis.plan import plan
    from scalelaw.analysis.sensitivity import sensitivity
    from scalelaw.analysis.streams_or_parameters import streams_or_parameters
    from scalelaw.analysis.suggest import suggest
    from scalelaw.datasets import load
    from scalelaw.fit import GroupFit, duel, error_by_distance, evidence, fit_groups, held_out, nested_test, tournament
    from scalelaw.fit.calibration import calibration
    from scalelaw.fit.derived import interval_of
    from scalelaw.fit.profile import profile

__all__ = [
    "Fit",
    "FitError",
    "GroupFit",
    "Law",
    "LawError",
    "RunsError",
    "ScalelawError",
    "allocate",
    "allocation_exponents",
    "analysis",
    "approaches",
    "calibration",
    "check",
    "checklist",
    "compare",
    "compute_multiplier",
    "contour_grid",
    "cost",
    "curves",
    "datasets",
    "design",
    "diagnose",
    "downstream",
    "downstream_gains",
    "duel",
    "envelope",
    "equivalence",
    "error_by_distance",
    "evidence",
    "explore",
    "fit",
    "fit_groups",
    "held_out",
    "importers",
    "interval_of",
    "iso_loss",
    "isoflop",
    "laws",
    "learning_curves",
    "load",
    "nested_test",
    "parting",
    "plan",
    "plot",
    "profile",
    "read",
    "runs",
    "sensitivity",
    "streams_or_parameters",
    "suggest",
    "tournament",
    "write",
]

# what needs pandas or matplotlib, or is not needed to fit a law, is imported when it is first used
_LATER = {
    **dict.fromkeys(("analysis", "cost", "datasets", "explore", "importers", "plot", "pretrained"), ""),
    **dict.fromkeys(
        (
            *("allocate", "allocation_exponents", "approaches", "checklist", "compute_multiplier", "contour_grid"),
            *("curves", "design", "diagnose", "downstream", "downstream_gains", "envelope", "equivalence", "iso_loss"),
            *("isoflop", "learning_curves", "sensitivity", "streams_or_parameters", "suggest"),
        ),
        "analysis",
    ),
    **dict.fromkeys(
        (
            *("GroupFit", "duel", "error_by_distance", "evidence", "fit_groups", "held_out", "nested_test"),
            "tournament",
        ),
        "fit",
    ),
    "calibration": "fit.calibration",
    "interval_of": "fit.derived",
    "load": "datasets",
    "parting": "analysis.parting",
    "plan": "analysis.plan",
    "profile": "fit.profile",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'scalelaw' has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"scalelaw.{_LATER[name] or name}")
    return getattr(module, name) if _LATER[name] else module


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
