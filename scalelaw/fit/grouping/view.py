"""One group of a fit by groups, as a fit of the law of one group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.result import Fit
from scalelaw.laws.grouped import COLUMN, GroupedFunction


def group_function(fit: Fit) -> GroupedFunction:
    """The function of a fit by groups.

    Raises
    ------
    FitError
        If it is not one.
    """
    if not isinstance(fit.law.fn, GroupedFunction):
        raise FitError(
            f"this is a fit of law {fit.law.name!r}, which has no groups; fit_groups(...) makes one that has"
        )
    return fit.law.fn


def view(fit: Fit, group: str) -> Fit:
    """The fit of one group: its runs, its parameters and the shared ones, with their draws.

    Predictions, equivalents and figures take it like any other fit. Its objective is that of its own runs; the proof
    of convergence is that of the fit of all groups.

    Raises
    ------
    FitError
        If the fit has no groups, or no such group.
    """
    function = group_function(fit)
    if group not in function.groups:
        raise FitError(f"there is no group {group!r}; the groups are {', '.join(function.groups)}")
    place = function.groups.index(group)
    member = function.members[place]
    own = {full: name for name, full in member.items()}
    rows = np.asarray(fit.columns[COLUMN]) == place + 1
    law = replace(function.law, bounds={**function.law.bounds, **_renamed(fit.law.bounds, own)})
    columns = {name: values[rows] for name, values in fit.columns.items() if name != COLUMN}
    weights = None if fit.weights is None else fit.weights[rows]
    params = {name: fit.params[full] for name, full in member.items()}
    settings = replace(fit.settings, fixed=_renamed(fit.settings.fixed, own), bounds=_renamed(fit.settings.bounds, own))
    residuals = settings.residuals(law.predict(columns, params), columns["loss"])
    proof = fit.convergence
    convergence = replace(
        proof,
        at_bounds=tuple(own[name] for name in proof.at_bounds if name in own),
        flat=tuple(own[name] for name in proof.flat if name in own),
    )
    positions = [fit.law.parameters.index(full) for full in member.values()]
    return replace(
        fit,
        law=law if dict(law.bounds) != dict(function.law.bounds) else function.law,
        params=params,
        objective=float(settings.objective(residuals, weights)),
        settings=settings,
        columns=columns,
        beside={name: values[rows] for name, values in fit.beside.items()},
        weights=weights,
        convergence=convergence,
        draws=None if fit.draws is None else replace(fit.draws, theta=fit.draws.theta[:, positions]),
        origin={},
    )


def _renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[full]: value for full, value in given.items() if full in names}
