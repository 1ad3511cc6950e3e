"""Where the search begins: a grid over the non-linear coordinates, with the amplitudes solved for at every point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product

import numpy as np

from scalelaw.fit.model import compile_law
from scalelaw.fit.objective import Problem
from scalelaw.fit.sequence import low_discrepancy
from scalelaw.laws.grouped import GroupedFunction
from scalelaw.laws.law import Law

EXPONENT_RANGE, SCALE_RANGE, OTHER_RANGE = (0.02, 2.0), (1e-3, 1e3), (0.02, 20.0)
_CHUNK = 32768
_REWEIGHTINGS = 3
_TRADES = (-0.5, -1.0, -2.0, -4.0, 2.0, 4.0)


@dataclass(frozen=True)
class Grid:
    """Points (m, d) in the non-linear coordinates; ``shape`` is that of a full grid, or None for scattered points."""

    points: np.ndarray
    shape: tuple[int, ...] | None

    def one(self, point: int, times: int) -> Grid:
        """One point, repeated."""
        return Grid(np.repeat(self.points[point : point + 1], times, 0), None)


@lru_cache(maxsize=256)
def start_grid(law: Law, *, per_axis: int = 16, scattered: int = 256) -> Grid:
    """The grid of one law: full for up to two non-linear coordinates, else a low-discrepancy sequence."""
    compiled = compile_law(law)
    plan = compiled.plan
    axis_of = _axes(law, plan.nonlinear)
    first = {axis: j for j, axis in reversed([*zip(plan.nonlinear, axis_of, strict=True)])}
    dimensions = len(first)
    ranges = np.array([_range(law, first[axis]) for axis in axis_of]).reshape(-1, 2)
    if dimensions == 0:
        return Grid(np.empty((1, 0)), None)
    if dimensions <= 2:
        shape: tuple[int, ...] | None = (per_axis if dimensions == 2 else per_axis**2 // 4,) * dimensions
        assert shape is not None
        axes = [np.linspace(0.0, 1.0, count) for count in shape]
        unit = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, dimensions)
    else:
        shape, unit = None, low_discrepancy(scattered, dimensions)
    unit = unit[:, axis_of]
    points = np.empty_like(unit)
    for column, (low, high) in enumerate(ranges):
        if low > 0:
            points[:, column] = low * (high / low) ** unit[:, column]
        else:
            points[:, column] = low + (high - low) * unit[:, column]
        if plan.nonlinear[column] in plan.logarithmic:
            points[:, column] = np.log(points[:, column])
    return Grid(points, shape)


def some_points(law: Law) -> np.ndarray:
    """A few coordinates (m, p) at which every part of a law is there: amplitudes of 1 and scattered exponents."""
    points = start_grid(law, per_axis=4, scattered=64).points
    plan = compile_law(law).plan
    x = np.ones((len(points), plan.size))
    x[:, plan.nonlinear] = points
    return np.roll(x, -(len(x) // 3), axis=0)


def _axes(law: Law, nonlinear: list[int]) -> list[int]:
    """The axis of each non-linear parameter: its own, but one for the same parameter of all groups."""
    names = [law.parameters[j] for j in nonlinear]
    if isinstance(law.fn, GroupedFunction):
        names = [law.fn.base(name) for name in names]
    known = list(dict.fromkeys(names))
    return [known.index(name) for name in names]


def _range(law: Law, j: int) -> tuple[float, float]:
    """Where to look for a non-linear parameter: the law's own range, or one that suits its role, within its bounds."""
    compiled = compile_law(law)
    structure, name = compiled.structure, law.parameters[j]
    low, high = law.bound(name)
    # the law's own range is in units of a column's mean, and bounds are not
    if name in law.starts and not (j in structure.unscaled and np.isfinite([low, high]).all()):
        first, last = law.starts[name]
    elif np.isfinite([low, high]).all():
        first, last = low if low != 0.0 else high / 1000, high
    elif j in structure.exponents:
        first, last = EXPONENT_RANGE
    elif j in structure.scales:
        first, last = SCALE_RANGE
    else:
        first, last = OTHER_RANGE
        if low < 0 and name not in law.starts:
            first = -last
    first, last = max(first, low), min(last, high)
    if first >= last:  # the usual range lies outside of the bounds
        first = low if np.isfinite(low) else high - abs(high) - 1.0
        last = high if np.isfinite(high) else low + abs(low) + 1.0
    if first == 0.0:
        first = min(1e-3, last / 20)
    return float(first), float(last)


def twins(law: Law, x: np.ndarray) -> Grid:
    """Points in the non-linear coordinates of a minimum x (p,) at which two of the same range have traded places.

    Their distance is kept, halved, doubled and made four times, the latter two also without the trade.
    """
    nonlinear = compile_law(law).plan.nonlinear
    ranges = [_range(law, j) for j in nonlinear]
    points = []
    for a, b in combinations(range(len(nonlinear)), 2):
        if ranges[a] == ranges[b]:
            for times in _TRADES:
                point = x[nonlinear].copy()
                middle, half = (point[a] + point[b]) / 2, times * (point[a] - point[b]) / 2
                point[a], point[b] = middle + half, middle - half
                points.append(point)
    return Grid(np.array(points).reshape(-1, len(nonlinear)), None)


def project(problem: Problem, grid: Grid, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Full coordinates (m, p) and objective (m,) of every grid point, with the amplitudes solved for.

    ``weights`` are (rows,), or (m, rows) for weights of each point's own.

    The amplitudes minimise reweighted squared residuals, relative ones where the objective is logarithmic
    (variable projection, Golub & Pereyra 1973, with the weights of Huber's loss).
    """
    plan = problem.model.coordinates.plan
    problem = problem if weights is None else replace(problem, weights=weights)
    x = np.ones((len(grid.points), plan.size))
    x[:, plan.nonlinear] = grid.points
    with np.errstate(all="ignore"):
        if not plan.linear:
            return x, problem.values(x)
        block = max(16, _CHUNK // problem.model.rows)
        for begin in range(0, len(x), block):
            some = slice(begin, begin + block)
            x[some, plan.linear] = _amplitudes(problem.part(some), x[some])
        # an amplitude at exactly its bound has no slope back into the region: begin a little inside
        smallest = np.where(problem.lower[plan.linear] == 0.0, 1e-6, -np.inf)
        x[:, plan.linear] = np.maximum(x[:, plan.linear], smallest)
        return x, problem.values(x)


def _amplitudes(problem: Problem, x: np.ndarray) -> np.ndarray:
    """Amplitudes (m, q) at the non-linear coordinates of x, whose amplitudes are all one."""
    linear, weights = problem.model.coordinates.plan.linear, problem.weights
    shape = (len(x), problem.model.rows)
    parts = problem.model.slopes(x)
    observed = np.exp(problem.target) if problem.log else problem.target
    scale = 1.0 / observed if problem.log else np.ones_like(observed)
    basis = np.stack([np.broadcast_to(parts[1 + j], shape) for j in linear], 1) * scale[..., None, :]
    offset = np.broadcast_to(parts[0], shape) * scale - basis.sum(1)
    wanted = observed * scale - offset
    signed = problem.lower[linear] < 0
    first, second = np.triu_indices(len(linear))
    # the entries of every reweighted normal equation are inner products of these with the weights
    products = np.concatenate([basis[:, first] * basis[:, second], basis * wanted[:, None]], 1)
    irls = np.ones(shape) if weights is None else np.broadcast_to(weights, shape)
    amplitudes = np.zeros((len(x), len(linear)))
    gram = np.empty((len(x), len(linear), len(linear)))
    for _ in range(_REWEIGHTINGS):
        sums = np.vecdot(products, irls[:, None])
        gram[:, first, second] = gram[:, second, first] = sums[:, : len(first)]
        amplitudes = solve_nonnegative(gram, sums[:, len(first) :], signed)
        predicted = (basis * amplitudes[:, :, None]).sum(1) + offset
        residual = np.log(np.maximum(predicted, 1e-100)) if problem.log else predicted - observed
        irls = 1.0 / np.maximum(np.abs(residual), problem.delta)
        if weights is not None:
            irls *= weights
    return amplitudes


def solve_nonnegative(gram: np.ndarray, right: np.ndarray, signed: np.ndarray) -> np.ndarray:
    """Minimisers (m, q) of c'Gc - 2 h'c with c >= 0 but where ``signed``: free first, then the best feasible subset."""
    size = right.shape[1]
    gram = gram.copy()
    np.einsum("bii->bi", gram)[...] += 1e-13 * np.einsum("bii->b", gram)[:, None] + 1e-300
    solution = _solve_each(gram, right)
    wrong = np.flatnonzero(~(((solution > 0) | signed).all(1) & np.isfinite(solution).all(1)))
    if not len(wrong):
        return solution
    gram, right = gram[wrong], right[wrong]
    best, chosen = np.zeros(len(wrong)), np.zeros((len(wrong), size))
    for count in range(size - 1, 0, -1):
        for subset in combinations(range(size), count):
            part = _solve_each(gram[:, subset][:, :, subset], right[:, subset])
            value = -(right[:, subset] * part).sum(1)
            better = ((part > 0) | signed[list(subset)]).all(1) & (value < best)
            best[better] = value[better]
            candidate = np.zeros((int(better.sum()), size))
            candidate[:, subset] = part[better]
            chosen[better] = candidate
    solution[wrong] = chosen
    return solution


def _solve_each(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return np.matmul(np.linalg.pinv(np.nan_to_num(matrix)), np.nan_to_num(right)[:, :, None])[:, :, 0]


def grid_minima(values: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """Positions of the grid points that no neighbour (diagonals too) lies below, best first."""
    if shape is None or not shape:
        return np.argsort(values, kind="stable")[:1]
    padded = np.pad(values.reshape(shape), 1, constant_values=np.inf)
    centre = tuple(slice(1, -1) for _ in shape)
    lowest = np.isfinite(padded[centre])
    for shift in product((-1, 0, 1), repeat=len(shape)):
        if any(shift):
            lowest &= (
                padded[centre] <= padded[tuple(slice(1 + s, 1 + s + n) for s, n in zip(shift, shape, strict=True))]
            )
    positions = np.flatnonzero(lowest.ravel())
    return positions[np.argsort(values[positions], kind="stable")]


def choose_starts(values: np.ndarray, minima: np.ndarray, count: int) -> np.ndarray:
    """Positions of ``count`` starts: the grid's own minima first, then the best of the other points."""
    first = minima[:count]
    order = np.argsort(values, kind="stable")[: 2 * count]
    return np.concatenate([first, order[~np.isin(order, first)][: count - len(first)]])
