"""One law for several groups of runs at once: some parameters shared by all, the others each group's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from scalelaw.errors import LawError
from scalelaw.laws.law import Law

COLUMN = "group"
"""Column of a grouped law: the number of a run's group, from 1."""


@dataclass(frozen=True)
class GroupedFunction:
    """The function of a law by groups: that of ``law`` with the parameters of each row's group.

    Attributes
    ----------
    law : Law
        The law of one group.
    groups : tuple of str
        Names of the groups, in the order of their numbers.
    shared : tuple of str
        Parameters of ``law`` that all groups share.
    by : str
        The column of the runs table that says the group.
    fixed : tuple of (str, float)
        Parameters held at a value, by their names in the grouped law.
    """

    law: Law
    groups: tuple[str, ...]
    shared: tuple[str, ...]
    by: str = COLUMN
    fixed: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        own = [name for name in self.law.parameters if name not in self.shared]
        parts = [f"{', '.join(self.shared)} shared" if self.shared else "", f"{', '.join(own)} by {self.by}"]
        object.__setattr__(self, "__doc__", f"{self.law.formula}, {' and '.join(part for part in parts if part)}")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return (*self.law.columns, COLUMN)

    @cached_property
    def members(self) -> tuple[dict[str, str], ...]:
        """For each group, the grouped law's name of every parameter of the law."""
        return tuple(
            {name: name if name in self.shared else own_name(name, group) for name in self.law.parameters}
            for group in self.groups
        )

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that are not fixed: those of one parameter next to one another."""
        held = {name for name, _ in self.fixed}
        ordered = [member[name] for name in self.law.parameters for member in self.members]
        return tuple(name for name in dict.fromkeys(ordered) if name not in held)

    def pinned(self, values: Mapping[str, float]) -> GroupedFunction:
        """The same with more parameters held."""
        return replace(self, fixed=(*self.fixed, *sorted(values.items())))

    def base(self, name: str) -> str:
        """The law's own name of a parameter."""
        return next(own for member in self.members for own, full in member.items() if full == name)

    def numbers(self, given: np.ndarray) -> np.ndarray:
        """Numbers of groups that are given by number or by name.

        Raises
        ------
        LawError
            If there is no such group.
        """
        places = {str(place): place for place in range(1, len(self.groups) + 1)}
        places |= {group: place for place, group in enumerate(self.groups, start=1)}
        names = [f"{value:g}" if isinstance(value, (int, float)) else str(value) for value in given.tolist()]
        strange = [name for name in names if name not in places]
        if strange:
            listed = ", ".join(f"{place} ({group})" for place, group in enumerate(self.groups, start=1))
            raise LawError(f"{COLUMN}={strange[0]!r} is no group of this law, which has {listed}")
        return np.array([places[name] for name in names])

    def __call__(self, /, *columns: Any, **parameters: Any) -> Any:
        """Loss of each row by the parameters of its group; NaN where the number is no group's."""
        *given, number = columns
        values: dict[str, Any] = {**parameters, **dict(self.fixed)}
        losses: Any = np.nan
        for place, member in enumerate(self.members, start=1):
            own = self.law.fn(*given, **{name: values[full] for name, full in member.items()})
            losses = np.where(np.equal(number, place), own, losses)
        return losses


def own_name(parameter: str, group: str) -> str:
    """What a group's own parameter is called.

    Examples
    --------
    >>> own_name("alpha", "pile")
    'alpha[pile]'
    """
    return f"{parameter}[{group}]"


def grouped(law: Law, groups: Sequence[str], *, shared: Sequence[str] = (), by: str = COLUMN) -> Law:
    """The law of several groups of runs: parameters of its own for each, but for those that are shared.

    Its columns are those of ``law`` and ``group``, the number of a run's group, from 1. `scalelaw.fit_groups` makes it
    and fits it; a saved fit of a user's function by groups is read back with it.

    Parameters
    ----------
    law : Law
    groups : sequence of str
    shared : sequence of str
        Parameters of ``law``.
    by : str
        What the groups are.

    Raises
    ------
    LawError
        If there are fewer than two groups or one twice, or ``shared`` names no parameter.

    Examples
    --------
    >>> from scalelaw.laws import parscale
    >>> law = grouped(parscale, ["pile", "stack"], shared=["alpha", "k"])
    >>> law.columns, law.parameters
    (('N', 'P', 'group'), ('E[pile]', 'E[stack]', 'A[pile]', 'A[stack]', 'alpha', 'k'))
    """
    names = tuple(map(str, groups))
    twice = sorted({name for name in names if names.count(name) > 1})
    if len(names) < 2 or twice:
        raise LawError(
            f"a law by groups needs at least two groups, each once, not {', '.join(map(repr, names)) or 'none'}"
        )
    unknown = [name for name in shared if name not in law.parameters]
    if unknown:
        raise LawError(
            f"shared names {', '.join(map(repr, unknown))}, but law {law.name!r} has the parameters "
            f"{', '.join(law.parameters)}"
        )
    if COLUMN in law.columns:
        raise LawError(f"law {law.name!r} reads a column {COLUMN!r}, which a law by groups needs; rename it")
    function = GroupedFunction(law, names, tuple(name for name in law.parameters if name in set(shared)), by)
    ranges = [
        {full: given[name] for member in function.members for name, full in member.items() if name in given}
        for given in (law.bounds, law.starts)
    ]
    return Law(f"{law.name} by {by}", function, bounds=ranges[0], starts=ranges[1], source=law.source)
