"""Runs that could be trained next: shaped like those at hand, and priced by what they would cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.allocation.flops import COLUMNS, Flops
from scalelaw.analysis.columns import read_values
from scalelaw.errors import FitError, RunsError
from scalelaw.runs.schema import BY_NAME

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_PER_COLUMN = 8
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Cells:
    """Runs that could be trained.

    Attributes
    ----------
    columns : dict of str to array of shape (cells,)
        Those that the law reads.
    beside : dict of str to array of shape (cells,)
        Those of N and D that only the cost reads.
    cost : array of shape (cells,)
        Training FLOPs.
    """

    columns: dict[str, np.ndarray]
    beside: dict[str, np.ndarray]
    cost: np.ndarray

    def __getitem__(self, kept: np.ndarray) -> Cells:
        columns, beside = ({k: v[kept] for k, v in each.items()} for each in (self.columns, self.beside))
        return Cells(columns, beside, self.cost[kept])


def cells_like(
    fit: Fit,
    *,
    flops: str | Callable[..., Any] | None = None,
    beyond: float = 1.0,
    tokens_per_parameter: Any = None,
    held: Mapping[str, Any] | None = None,
) -> Cells:
    """A grid of runs, in round numbers, over what the runs at hand are like.

    Eight values of each column over its range in the runs, a column that is none of the runs table's at the values it
    has there if these are no more, and powers of two for P. A law in N and D has tokens a parameter in the place of D:
    small models on as many tokens as the largest ones, and large ones on as few as the smallest, are not offered unless
    the runs have such.

    Parameters
    ----------
    fit : Fit
    flops, held
        See `price`.
    beyond : float
        How many times beyond each end of these ranges a cell may lie.
    tokens_per_parameter : (low, high), optional
        In the place of the range in the runs; an end that is None or infinite is theirs.

    Raises
    ------
    FitError
        If an option means nothing, or no cell is left.
    RunsError
        If a column has no range, being 0 or below somewhere.
    """
    if not (np.isfinite(beyond) and beyond >= 1):
        raise FitError(f"beyond is a factor of at least 1 on the ends of the runs' ranges, not {beyond!r}")
    used = np.ones(fit.rows, bool) if fit.weights is None else fit.weights > 0
    runs = {name: np.asarray(fit.columns[name], dtype=float)[used] for name in fit.law.columns}
    axes = {name: _axis(name, values, beyond) for name, values in runs.items()}
    both = {"N", "D"} <= set(axes)
    if tokens_per_parameter is not None and not both:
        raise FitError(f"tokens_per_parameter is for a law in N and D, and {fit.law.name!r} reads {', '.join(axes)}")
    if both:
        ratio = runs["D"] / runs["N"]
        ends = (ratio.min() / beyond, ratio.max() * beyond)
        axes["D"] = np.geomspace(*_two(tokens_per_parameter, ends), _PER_COLUMN)
    grid = dict(zip(axes, (each.ravel() for each in np.meshgrid(*axes.values(), indexing="ij")), strict=True))
    kept = np.ones(len(next(iter(grid.values()))), dtype=bool)
    if both:
        grid["D"] = grid["D"] * grid["N"]
        kept &= (grid["D"] >= runs["D"].min() / beyond * (1 - _SLACK)) & (
            grid["D"] <= runs["D"].max() * beyond * (1 + _SLACK)
        )
        grid["D"] = _round(grid["D"])
    if {"U", "D"} <= set(grid):
        kept &= grid["U"] <= grid["D"]
    if not kept.any():
        raise FitError("no cell has such tokens a parameter within the runs' N and D; give beyond, or cells")
    columns = {name: values[kept] for name, values in grid.items()}
    return Cells(columns, *price(fit, columns, flops=flops, held=held))


def cells_of(
    fit: Fit, table: Any, *, flops: str | Callable[..., Any] | None = None, held: Mapping[str, Any] | None = None
) -> Cells:
    """The cells of a table: the law's columns, and ``C`` where they have their own cost, see `price`.

    Raises
    ------
    RunsError
        If a column is missing or faulty.
    """
    from scalelaw.runs import check_columns, take

    parts = {str(name): np.atleast_1d(values) for name, values in table.items() if name != "loss"}
    checked = check_columns(dict(zip(parts, np.broadcast_arrays(*parts.values()), strict=True)), need=())
    taken = take(checked, fit.law.columns, where="a cell")
    columns = {name: np.asarray(values, dtype=float) for name, values in taken.items()}
    if "C" in checked and flops is None:
        return Cells(columns, {}, np.asarray(checked["C"], dtype=float))
    given: dict[str, np.ndarray] = {
        name: np.asarray(checked[name], dtype=float) for name in ("N", "P", "D") if name in checked
    }
    return Cells(columns, *price(fit, {**given, **columns}, flops=flops, held=held))


def price(
    fit: Fit,
    columns: Mapping[str, np.ndarray],
    *,
    flops: str | Callable[..., Any] | None = None,
    held: Mapping[str, Any] | None = None,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What the cost of cells reads beside the law's columns, and the cost, each of shape (cells,).

    The cost is 6 N D P or ``flops``; that of a law in C and not in N is C. N, P or D that it takes and the cells lack
    is the one given in ``held``, else the only value that the runs have. Runs without P have one stream.

    Raises
    ------
    FitError
        If the runs have no such column or several values of it and none is given, or the law reads one that is given.
    """
    held = dict(held or {})
    rows = len(next(iter(columns.values())))
    if "C" in columns and "N" not in columns and flops is None:
        _refuse_unused(fit, held, ())
        return {}, np.asarray(columns["C"], dtype=float)
    count = Flops.of(flops, need=())
    lacking = [name for name in count.reads if name not in columns]
    _refuse_unused(fit, held, lacking)
    beside = {name: np.full(rows, _only(fit, name, held)) for name in lacking}
    ones: dict[str, np.ndarray] = dict.fromkeys(COLUMNS, np.ones(rows))
    size = {**ones, **columns, **beside}
    cost = np.asarray(count(size["N"], size["P"], size["D"]) * np.ones(rows), dtype=float)
    if not (np.isfinite(cost).all() and (cost > 0).all()):
        raise FitError(f"the cost of a cell is not above 0 and finite by {flops!r}; count FLOPs like '6*N*D*P'")
    shown = {name: size[name] for name in ("N", "D") if name in size and name not in fit.law.columns}
    return {name: values for name, values in shown.items() if name in count.reads}, cost


def dearest(fit: Fit, *, flops: str | Callable[..., Any] | None = None, held: Mapping[str, Any] | None = None) -> float:
    """What the dearest of the runs at hand cost."""
    columns = {name: np.asarray(fit.columns[name], dtype=float) for name in fit.law.columns}
    return float(price(fit, columns, flops=flops, held=held)[1].max())


def _only(fit: Fit, name: str, held: Mapping[str, Any]) -> float:
    if name in held:
        values = read_values(name, held[name])
        if len(values) == 1:
            return float(values[0])
        raise FitError(f"{name} of all cells is one value, and {len(values)} were given; give a table of cells")
    known = np.unique(np.asarray(fit.beside[name], dtype=float)) if name in fit.beside else np.ones(0)
    if name == "P" and not len(known):
        return 1.0
    if len(known) == 1 and known[0] > 0:
        return float(known[0])
    which = f"have {len(known)} values of it" if len(known) else "do not have"
    example = {"D": "42B", "N": "1B", "P": "1"}[name]
    raise FitError(
        f"what a run costs depends on {name}, which law {fit.law.name!r} does not read and its runs {which}; give "
        f"{name}, as in {name}={example}, or a cost: flops, or cells with a column C"
    )


def _refuse_unused(fit: Fit, held: Mapping[str, Any], lacking: tuple[str, ...] | list[str]) -> None:
    for name in held:
        if name not in lacking:
            why = f"law {fit.law.name!r} reads it" if name in fit.law.columns else "their cost does not depend on it"
            raise FitError(f"{name} of the cells cannot be held: {why}; what can be is one of N, P and D")


def _axis(name: str, values: np.ndarray, beyond: float) -> np.ndarray:
    """Values of a column over its range in the runs."""
    low, high = float(values.min()), float(values.max())
    if name == "P":
        return np.asarray(2.0 ** np.arange(np.floor(np.log2(high * beyond) + _SLACK) + 1))
    seen = np.unique(values)
    if name not in BY_NAME and len(seen) <= _PER_COLUMN and beyond == 1:
        return seen
    if not low > 0:
        raise RunsError(f"column {name!r} has no range to make cells from, being {low:g} somewhere; give cells")
    return np.unique(_round(np.geomspace(low / beyond, high * beyond, _PER_COLUMN)))


def _round(values: np.ndarray) -> np.ndarray:
    """Values to two digits, as a person would set them."""
    unit = 10.0 ** (np.floor(np.log10(values)) - 1)
    return np.asarray(np.rint(values / unit) * unit)


def _two(given: Any, ends: tuple[float, float]) -> tuple[float, float]:
    """Low and high of what is given; an end that is None or infinite is that of the runs."""
    if given is None:
        return ends
    pair = list(given) if np.ndim(given) == 1 and not isinstance(given, str) else []
    if len(pair) != 2:
        raise FitError(f"tokens_per_parameter is (low, high), such as (5, 100), not {given!r}")
    open_ = [each is None or (isinstance(each, float) and np.isinf(each)) for each in pair]
    low, high = (
        end if left else float(read_values("tokens_per_parameter", each)[0])
        for each, end, left in zip(pair, ends, open_, strict=True)
    )
    if not low <= high:
        raise FitError(f"tokens_per_parameter is from {low:.3g} to {high:.3g}; give (low, high) with low below high")
    return low, high
