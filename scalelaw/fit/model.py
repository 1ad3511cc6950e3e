"""A law on given runs in the solver's coordinates: losses and their derivatives for a whole batch of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from scalelaw.errors import LawError
from scalelaw.fit import graph as g
from scalelaw.fit.calling import law_losses
from scalelaw.fit.coordinates import Coordinates, Plan
from scalelaw.fit.derive import derivatives
from scalelaw.fit.emit import Evaluator, compile_outputs, evaluate_data, hoisted, needed
from scalelaw.fit.graph import Graph, Node, NotTraceableError
from scalelaw.fit.sequence import low_discrepancy
from scalelaw.fit.structure import Power, Structure, probe
from scalelaw.laws.grouped import GroupedFunction
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.grouping.compiling import Part

POSITIVE_COLUMNS = frozenset({"N", "N_backbone", "D", "C", "P", "U", "M"})
"""Columns of the runs table that are positive by definition, which lets logarithms of products be split."""
_ROUNDING = 16 * np.finfo(float).eps
"""Of a loss, relatively, in a difference of two."""


class Model(Protocol):
    """What the solver needs of a law on data; all arrays broadcast to (batch, rows)."""

    @property
    def coordinates(self) -> Coordinates: ...
    @property
    def rows(self) -> int: ...
    @property
    def pairs(self) -> Sequence[tuple[int, int]]: ...
    @property
    def exact(self) -> bool: ...

    def losses(self, x: np.ndarray) -> Any: ...

    def slopes(self, x: np.ndarray) -> tuple[Any, ...]:
        """The losses, then their derivative in each coordinate."""

    def curvatures(self, x: np.ndarray) -> tuple[Any, ...]:
        """The losses, the slopes, then the second derivatives for the coordinate pairs in ``pairs``."""


@dataclass(frozen=True)
class Compiled:
    """A law's generated code, shared by every fit of it; a law by groups has one part a group."""

    structure: Structure
    plan: Plan
    traced: Traced | None
    reason: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Traced:
    nodes: list[Node]
    constants: list[Node]
    pairs: tuple[tuple[int, int], ...]
    losses: Evaluator
    slopes: Evaluator
    curvatures: Evaluator


@lru_cache(maxsize=256)
def compile_law(law: Law) -> Compiled:
    """Probe and trace a law once; a law that cannot be traced is kept as a black box, with the reason."""
    if isinstance(law.fn, GroupedFunction):
        from scalelaw.fit.grouping.compiling import compile_groups

        return compile_groups(law)
    structure = probe(law)
    plan = Plan.of(law, structure)
    return Compiled(structure, plan, *trace(law, plan))


def trace(law: Law, plan: Plan) -> tuple[Traced | None, str]:
    """The code of a law in given coordinates, or why it cannot be traced."""
    try:
        traced = _trace(law, plan)
        _cross_check(law, plan, traced)
        return traced, ""
    except Exception as error:  # a user's function may raise anything when it meets something that is not an array
        return None, f"{type(error).__name__}: {error}"


def _trace(law: Law, plan: Plan) -> Traced:
    graph = Graph()
    columns = [graph.column(name, positive=name in POSITIVE_COLUMNS) for name in law.columns]
    coordinates = [graph.parameter(j) for j in range(len(law.parameters))]
    theta: list[Any] = [g.exp(x) if j in plan.logarithmic else x for j, x in enumerate(coordinates)]
    for j, power in plan.amplitudes.items():
        if power != Power(1.0):
            exponent = power.coefficient
            root = (
                1.0 / exponent
                if power.parameter is None
                else g.divide(1.0, g.multiply(exponent, theta[power.parameter]))
            )
            theta[j] = g.power(coordinates[j], root)
    loss = law.fn(*columns, **dict(zip(law.parameters, theta, strict=True)))
    if not isinstance(loss, Node):
        raise NotTraceableError("the law does not depend on its arguments")
    gradient, hessian = derivatives(loss)
    pairs = tuple(sorted(hessian))
    slopes = [loss, *[gradient.get(j, 0.0) for j in range(len(law.parameters))]]
    outputs = [*slopes, *[hessian[pair] for pair in pairs]]
    constants = hoisted(outputs)
    compiled = [compile_outputs(wanted, constants) for wanted in ([loss], slopes, outputs)]
    return Traced(needed(outputs), constants, pairs, *compiled)


def _cross_check(law: Law, plan: Plan, traced: Traced) -> None:
    """Hold the traced losses and slopes against the function itself and central differences, at a few points.

    Raises
    ------
    NotTraceableError
        If they disagree: the function then does something that tracing has missed.
    """
    rows = dict(zip(law.columns, 1.2 * 4.0 ** low_discrepancy(16, len(law.columns)).T, strict=True))
    coordinates = Coordinates(plan, dict.fromkeys([name for group in plan.units for name in group], 0.0))
    opaque = BlackBoxModel(law, coordinates, rows)
    x = _points_near_one(plan, within=False)
    if not np.isfinite(opaque.losses(x)).any():
        x = _points_near_one(plan, within=True)
    exact = TracedModel(traced, coordinates, rows)
    with np.errstate(all="ignore"):
        losses, *differences = opaque.slopes(x)
        # differences of a loss that is large at these points, as by A (N / 1e9)^-alpha, know a small slope only roughly
        rounding = [np.zeros_like(losses), *(_ROUNDING * np.abs(losses) / step[:, None] for step in _steps(x).T)]
        for got, wanted, rough in zip(exact.slopes(x), (losses, *differences), rounding, strict=True):
            size, known = np.abs(wanted).max(), np.isfinite(wanted)
            # where rounding hides a slope from every difference it is held to them all the same
            rough = np.where((rough <= 1e-3 * size).any(), rough, 0.0)
            allowed = 1e-5 * np.abs(wanted) + 1e-6 * size + rough
            if not (np.abs(got - wanted) <= allowed)[known].all():
                raise NotTraceableError("the traced derivatives disagree with central differences")


def _points_near_one(plan: Plan, *, within: bool) -> np.ndarray:
    """Coordinates (3, p) between 0.3 and 0.8, where every part of a law is seen on rows near 1.

    Bounds that exclude these are kept to where they allow negative numbers, and all of them ``within``.
    """
    unit = low_discrepancy(3, plan.size)
    low, high = np.maximum(plan.lower, 0.3), np.minimum(plan.upper, 0.8)
    excluded = low >= high
    elsewhere = np.broadcast_to(np.clip(0.5, plan.lower, plan.upper), unit.shape)
    if not within:
        positive = plan.lower >= 0.0
        positive[list(plan.logarithmic)] = True
        elsewhere = np.where(positive, 0.3 + 0.5 * unit, elsewhere)
    return np.where(excluded, elsewhere, low + (high - low) * unit)


def _steps(x: np.ndarray) -> np.ndarray:
    """How far central differences step in each coordinate, shape (B, p)."""
    steps: np.ndarray = 6e-6 * np.maximum(np.abs(x), 1e-3)
    return steps


def build(law: Law, columns: Mapping[str, np.ndarray]) -> Model:
    """The model of a law on columns of shape (rows,)."""
    compiled = compile_law(law)
    if compiled.parts:
        from scalelaw.fit.grouping.compiling import GroupedModel

        return GroupedModel(compiled, columns)
    middle = {group: float(np.log(columns[group[0]]).mean()) for group in compiled.plan.units}
    scales = {name: value for group, value in middle.items() for name in group}
    coordinates = Coordinates(compiled.plan, scales)
    scaled = {name: columns[name] / np.exp(scales[name]) if name in scales else columns[name] for name in law.columns}
    if compiled.traced is not None:
        return TracedModel(compiled.traced, coordinates, scaled)
    return BlackBoxModel(law, coordinates, scaled)


def slopes_at(model: Model, x: np.ndarray, *, log: bool = False) -> np.ndarray:
    """Slopes of every row's loss, or log loss, in each coordinate at one point x (p,), shape (rows, p)."""
    with np.errstate(all="ignore"):
        losses, *parts = (np.broadcast_to(part, (1, model.rows))[0] for part in model.slopes(x[None]))
        slopes = np.stack(parts, 1)
        return slopes / losses[:, None] if log else slopes


class TracedModel:
    """A law whose derivatives are exact."""

    exact = True

    def __init__(self, traced: Traced, coordinates: Coordinates, columns: Mapping[str, np.ndarray]):
        values = evaluate_data(traced.nodes, columns)
        self.coordinates, self._traced, self.pairs = coordinates, traced, traced.pairs
        self.rows = len(next(iter(columns.values())))
        self._data = [np.broadcast_to(values[node.index], (self.rows,)) for node in traced.constants]

    def losses(self, x: np.ndarray) -> Any:
        return self._traced.losses(x, self._data)[0]

    def slopes(self, x: np.ndarray) -> tuple[Any, ...]:
        return self._traced.slopes(x, self._data)

    def curvatures(self, x: np.ndarray) -> tuple[Any, ...]:
        return self._traced.curvatures(x, self._data)


class BlackBoxModel:
    """A law that can only be called: derivatives by central differences, no second derivatives (Gauss-Newton)."""

    exact = False
    pairs: tuple[tuple[int, int], ...] = ()

    def __init__(self, law: Law, coordinates: Coordinates, columns: Mapping[str, np.ndarray]):
        self.coordinates, self._law = coordinates, law
        self._columns = columns
        self._unscaled = Coordinates(coordinates.plan, dict.fromkeys(coordinates.log_scales, 0.0))
        self.rows = len(columns[law.columns[0]])

    def losses(self, x: np.ndarray) -> np.ndarray:
        try:
            return law_losses(self._law, self._columns, self._unscaled.to_parameters(x))
        except Exception as error:  # a user's function may raise anything
            raise LawError(
                f"law {self._law.name!r} fails when it is called with columns of {self.rows} runs "
                f"({type(error).__name__}: {error}); it must take arrays, with np.where for a branch, "
                "and return one loss a run"
            ) from error

    def slopes(self, x: np.ndarray) -> tuple[Any, ...]:
        steps = _steps(x)
        batch, size = x.shape
        shifts = steps[:, None, :] * np.eye(size)
        stacked = np.concatenate([x[:, None, :] + shifts, x[:, None, :] - shifts]).reshape(-1, size)
        up, down = self.losses(stacked).reshape(2, batch, size, self.rows)
        return (self.losses(x), *[(up[:, j] - down[:, j]) / (2 * steps[:, j, None]) for j in range(size)])

    def curvatures(self, x: np.ndarray) -> tuple[Any, ...]:
        return self.slopes(x)
