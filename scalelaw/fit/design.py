"""What the runs at hand can tell about a law, before it is fitted: refusals that name the run that would help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalelaw.errors import FitError, RunsError
from scalelaw.fit.model import Model, compile_law, slopes_at
from scalelaw.fit.structure import Structure
from scalelaw.laws import plainest
from scalelaw.laws.law import Law

_PROPORTIONAL = 0.01
_RANK = 1e-10
_TELLING = 3
"""Different values of a column that a power law with a floor needs."""


def check_design(law: Law, model: Model, columns: Mapping[str, np.ndarray], starts: np.ndarray) -> None:
    """Refuse runs that cannot determine the law's parameters, whatever their losses are.

    ``starts`` (B, p) are coordinates at which the law's slopes are looked at.

    Raises
    ------
    FitError
        For fewer rows than parameters; a column with one value where the law needs two; N and D proportional;
        parameters that only appear together.
    """
    rows, needed = model.rows, len(law.parameters)
    if rows < needed:
        raise FitError(
            f"law {law.name!r} has {needed} free parameters ({', '.join(law.parameters)}) but there {_are(rows)}; "
            f"add runs, or fix parameters"
        )
    together = undetermined(law, model, starts)
    if together:
        raise FitError(_explain(law, columns, together))
    _check_proportional(law, columns)


def undetermined(law: Law, model: Model, starts: np.ndarray) -> tuple[str, ...]:
    """Parameters along which no run's loss changes, at every start; empty if some start tells all apart."""
    names: tuple[str, ...] = ()
    for x in starts:
        slopes = slopes_at(model, x)
        slopes *= [1.0 if j in model.coordinates.plan.logarithmic else abs(value) for j, value in enumerate(x)]
        if not np.isfinite(slopes).all():
            continue
        sizes = np.sqrt((slopes**2).sum(0))
        reference = sizes.max()
        if reference == 0.0:
            continue
        dead = sizes <= _RANK * reference
        if dead.any():
            names = tuple(np.array(law.parameters)[dead])
            continue
        _, singular, directions = np.linalg.svd(slopes / sizes, full_matrices=False)
        if singular[-1] > _RANK * singular[0]:
            return ()
        flat = np.abs(directions[-1])
        names = tuple(name for name, weight in zip(law.parameters, flat, strict=True) if weight > 1e-6)
    return names


def _explain(law: Law, columns: Mapping[str, np.ndarray], together: tuple[str, ...]) -> str:
    unused = compile_law(law).structure.unused_columns
    constant = [name for name in law.columns if name not in unused and np.ptp(columns[name]) == 0]
    if len(together) == 1:
        what = f"{together[0]} has no effect on the loss of any of these runs"
    else:
        what = f"{' and '.join([', '.join(together[:-1]), together[-1]])} cannot be told apart"
    if constant:
        why = " and ".join(f"every one has {name} = {columns[name][0]:g}" for name in constant)
        other = " and ".join(f"{name} = {2 * columns[name][0]:g}" for name in constant)
        simpler = _without(columns, law, constant)
        cure = f"{simpler}add a run with another {' and another '.join(constant)}, for example {other}"
    else:
        few = {name: len(np.unique(columns[name])) for name in law.columns if name not in unused}
        name = min(few, key=lambda each: few[each])
        if few[name] <= len(law.parameters):
            why = f"they have only {few[name]} different values of {name}"
            cure = f"add runs at other values of {name}"
        else:
            why = f"they do not reach where {together[-1]} matters"
            cure = "add runs there"
    taken = f" (in this formula {', '.join(law.parameters)} are parameters: no column has their name)"
    return (
        f"law {law.name!r} cannot be fitted to these runs: {why}, so {what}; {cure}, or fix {together[-1]}"
        f"{taken if law.expression else ''}"
    )


def _without(columns: Mapping[str, np.ndarray], law: Law, constant: list[str]) -> str:
    """What to fit instead of a law some of whose columns have one value, for the start of a list of cures."""
    rest = [name for name in law.columns if name not in constant]
    simpler = plainest(rest)
    if not simpler or any(len(np.unique(columns[name])) < _TELLING for name in rest):
        return ""
    return f"fit {simpler}, the law without {' and '.join(constant)}, "


def _check_proportional(law: Law, columns: Mapping[str, np.ndarray]) -> None:
    """Refuse D = c N where the law has a term in each whose exponent is fitted: the two then trade places."""
    structure = compile_law(law).structure
    terms = [_fitted_terms(structure, name) for name in ("N", "D")]
    if not (terms[0] and terms[1] and terms[0].isdisjoint(terms[1])):
        return
    ratio = columns["D"] / columns["N"]
    if np.ptp(np.log(ratio)) > _PROPORTIONAL:
        return
    usual = float(np.exp(np.log(ratio).mean()))
    at = int(np.argmax(columns["N"]))
    raise FitError(
        f"law {law.name!r} cannot be fitted to these runs: D is {usual:.3g} times N in every run, so what N and what D "
        "contribute cannot be told apart; fit power_n, which takes both for one, add a run off that line, for example "
        f"N = {columns['N'][at]:.3g} with D = {columns['D'][at] / 4:.3g}, or fix the exponents of one term"
    )


def _fitted_terms(structure: Structure, column: str) -> set[int]:
    """Scales of the terms in a column whose exponent is not fixed: A and alpha in A / N^alpha, or (A / N)^alpha."""
    terms = set()
    for group, powers in structure.units.items():
        for j, power in powers.items() if column in group else ():
            amplitude = structure.amplitudes.get(j)
            if amplitude is None or power.parameter is not None or amplitude.parameter is not None:
                terms.add(j)
    return terms


def check_one_convention(table: Mapping[str, Any]) -> None:
    """Refuse rows that count parameters in different ways.

    Raises
    ------
    RunsError
        If a column that says the convention has several values.
    """
    for name in ("convention", "param_count"):
        values = sorted({str(value) for value in table[name]}) if name in table else []
        if len(values) > 1:
            raise RunsError(
                f"the rows count parameters in {len(values)} ways ({name} is {', '.join(values)}), which no law can be "
                f"fitted across; choose the rows of one"
            )


def _are(rows: int) -> str:
    return "is only 1 row" if rows == 1 else f"are only {rows} rows"
