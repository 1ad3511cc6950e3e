"""A law by groups as the solver sees it: the law of one group on the rows of each group, side by side.

Every group is evaluated on its own rows only, so that a fit by groups costs what the separate fits cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scalelaw.fit.coordinates import Coordinates, Plan
from scalelaw.fit.model import BlackBoxModel, Compiled, Traced, TracedModel, compile_law, trace
from scalelaw.fit.reduce import reduce_law
from scalelaw.fit.settings import Settings
from scalelaw.fit.structure import Power, Structure
from scalelaw.laws.grouped import COLUMN, GroupedFunction
from scalelaw.laws.law import Law


@dataclass(frozen=True, eq=False)
class Part:
    """The law of one group: its free parameters are the grouped law's at ``places``."""

    law: Law
    places: np.ndarray
    plan: Plan
    traced: Traced | None
    reason: str


def compile_groups(law: Law) -> Compiled:
    """Structure, coordinates and code of a law by groups, from those of the law of one group."""
    function: GroupedFunction = law.fn  # type: ignore[assignment]
    laws = [_part_law(law, function, member) for member in function.members]
    places = [
        [law.parameters.index(member[name]) for name in part.parameters]
        for part, member in zip(laws, function.members, strict=True)
    ]
    structure = _joint([compile_law(part).structure for part in laws], places)
    plan = Plan.of(law, structure)
    parts = tuple(_part(part, np.array(place), plan) for part, place in zip(laws, places, strict=True))
    return Compiled(structure, plan, None, next((part.reason for part in parts if part.reason), ""), parts)


class GroupedModel:
    """A law by groups on given runs."""

    def __init__(self, compiled: Compiled, columns: Mapping[str, np.ndarray]):
        middle = {group: float(np.log(columns[group[0]]).mean()) for group in compiled.plan.units}
        scales = {name: value for group, value in middle.items() for name in group}
        number = columns[COLUMN]
        self.coordinates = Coordinates(compiled.plan, scales)
        self.rows, self.parts = len(number), compiled.parts
        self.members = [np.flatnonzero(number == place) for place in range(1, len(self.parts) + 1)]
        self.columns = [{name: columns[name][rows] for name in columns if name != COLUMN} for rows in self.members]
        self.models = [_model(part, scales, given) for part, given in zip(self.parts, self.columns, strict=True)]
        mapped = [
            [tuple(sorted(part.places[list(pair)].tolist())) for pair in model.pairs] for part, model in self._each
        ]
        self.pairs: tuple[tuple[int, int], ...] = tuple(sorted({pair for pairs in mapped for pair in pairs}))
        self._pairs = [[self.pairs.index(pair) for pair in pairs] for pairs in mapped]

    @property
    def _each(self) -> list[tuple[Part, TracedModel | BlackBoxModel]]:
        return list(zip(self.parts, self.models, strict=True))

    @property
    def exact(self) -> bool:
        return all(model.exact for model in self.models)

    def losses(self, x: np.ndarray) -> np.ndarray:
        losses = np.empty((len(x), self.rows))
        for (part, model), rows in zip(self._each, self.members, strict=True):
            if len(rows):
                losses[:, rows] = model.losses(x[:, part.places])
        return losses

    def slopes(self, x: np.ndarray) -> tuple[Any, ...]:
        return self._assemble(x, second=False)

    def curvatures(self, x: np.ndarray) -> tuple[Any, ...]:
        return self._assemble(x, second=True)

    def _assemble(self, x: np.ndarray, *, second: bool) -> tuple[Any, ...]:
        size = 1 + self.coordinates.plan.size
        whole = np.zeros((size + (len(self.pairs) if second else 0), len(x), self.rows))
        for (part, model), rows, pairs in zip(self._each, self.members, self._pairs, strict=True):
            if not len(rows):
                continue
            given = (model.curvatures if second else model.slopes)(x[:, part.places])
            targets = [0, *(1 + part.places), *(size + place for place in pairs)]
            for target, values in zip(targets, given, strict=False):
                whole[target][:, rows] = values
        return tuple(whole)


def _model(part: Part, scales: Mapping[str, float], columns: Mapping[str, np.ndarray]) -> TracedModel | BlackBoxModel:
    coordinates = Coordinates(part.plan, scales)
    given = {name: columns[name] / np.exp(scales.get(name, 0.0)) for name in part.law.columns}
    if part.traced is not None:
        return TracedModel(part.traced, coordinates, given)
    return BlackBoxModel(part.law, coordinates, given)


def _part_law(law: Law, function: GroupedFunction, member: Mapping[str, str]) -> Law:
    """The law of one group, with what is held there and the bounds that its parameters have in the grouped law."""
    own = function.law
    held = {name: value for name, full in member.items() for fixed, value in function.fixed if fixed == full}
    reduced = reduce_law(own, Settings(fixed=held)).law
    bounds = {name: law.bound(member[name]) for name in reduced.parameters}
    if all(reduced.bound(name) == bound for name, bound in bounds.items()):
        return reduced
    return replace(reduced, bounds=bounds)


def _joint(structures: Sequence[Structure], places: Sequence[Sequence[int]]) -> Structure:
    """What holds in every group: an amplitude must be one, and carry the same power, wherever it appears."""
    both = list(zip(structures, places, strict=True))
    amplitudes = _agreed([_mapped(each.amplitudes, place) for each, place in both], places)
    units = {}
    for key in set.intersection(*(set(each.units) for each in structures)):
        powers = [_mapped(each.units[key], place) for each, place in both]
        agreed = _agreed(powers, places)
        if set(agreed) == {j for each in powers for j in each}:
            units[key] = agreed
    unused = [name for name in structures[0].unused_columns if all(name in each.unused_columns for each in structures)]
    return Structure(amplitudes, units, tuple(unused))


def _mapped(powers: Mapping[int, Power], places: Sequence[int]) -> dict[int, Power]:
    return {
        places[j]: Power(power.coefficient, None if power.parameter is None else places[power.parameter])
        for j, power in powers.items()
    }


def _agreed(powers: Sequence[Mapping[int, Power]], places: Sequence[Sequence[int]]) -> dict[int, Power]:
    """Powers that are the same in every group in which their parameter appears."""
    found: dict[int, Power] = {}
    for j in sorted({j for each in powers for j in each}):
        seen = {each.get(j) for each, place in zip(powers, places, strict=True) if j in place}
        (first, *others) = seen
        if not others and first is not None:
            found[j] = first
    return found


def _part(law: Law, places: np.ndarray, plan: Plan) -> Part:
    """One group under the coordinates of the whole; its code is written anew only where these are not its own."""
    local = {int(j): position for position, j in enumerate(places)}

    def powers(given: Mapping[int, Power]) -> dict[int, Power]:
        return {
            local[j]: Power(power.coefficient, None if power.parameter is None else local[power.parameter])
            for j, power in given.items()
            if j in local
        }

    own = Plan(
        powers(plan.amplitudes),
        frozenset(local[j] for j in plan.logarithmic if j in local),
        plan.lower[places],
        plan.upper[places],
        {key: powers(given) for key, given in plan.units.items()},
    )
    alone = compile_law(law)
    if (alone.plan.amplitudes, alone.plan.logarithmic) == (own.amplitudes, own.logarithmic):
        return Part(law, places, own, alone.traced, alone.reason)
    traced, reason = trace(law, own)
    return Part(law, places, own, traced, reason)
