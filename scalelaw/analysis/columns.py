"""The columns an analysis runs over: what it varies, over which range, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.predict import loss_and_ends
from scalelaw.runs import quantity

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def read_values(name: str, given: Any) -> np.ndarray:
    """Numbers and quantities such as ``"1.6B"`` as an array of shape (values,).

    Raises
    ------
    FitError
        If one is no number, is infinite, or is not above 0 (for P: is below 1).
    """
    parts = [given] if isinstance(given, str) or np.ndim(given) == 0 else list(np.ravel(given))
    low = 1.0 if name == "P" else 0.0
    values = []
    for part in parts:
        said = repr(str(part)) if isinstance(part, str) else str(part)  # and not how NumPy writes either
        value = quantity(part) if isinstance(part, str) else part
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise FitError(f"{name}={said} is not a number; write one such as 2, 1.6e9 or '1.6B'") from None
        if not np.isfinite(number) or number < low or number == 0:
            raise FitError(f"{name}={said} is not {'at least 1' if low else 'above 0'} and finite")
        values.append(number)
    if not values:
        raise FitError(f"{name} is empty; give at least one value")
    return np.array(values)


def tidy(values: np.ndarray) -> np.ndarray:
    """Whole numbers as int64, which print without a point; others as they are."""
    whole = np.isfinite(values).all() and np.abs(values).max(initial=0.0) < 2**53 and (values == np.rint(values)).all()
    return values.astype(np.int64) if whole else values


def need_columns(fit: Fit, *names: str, what: str) -> None:
    """Refuse a law that does not read a column.

    Raises
    ------
    FitError
    """
    missing = [name for name in names if name not in fit.law.columns]
    if missing:
        raise FitError(
            f"{what} needs a law in {' and '.join(names)}, and law {fit.law.name!r} has no {' and no '.join(missing)}: "
            f"it reads {', '.join(fit.law.columns)}"
        )


def other_column(fit: Fit, x: str) -> str | None:
    """The column to set against ``x`` where none is named: P if the law reads it, else its first other column."""
    others = [name for name in fit.law.columns if name != x]
    return "P" if "P" in others else next(iter(others), None)


def held_columns(fit: Fit, varied: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, float]:
    """One value of every column of the law that is not varied: the one given, or the only one the runs have.

    Raises
    ------
    FitError
        If a name is no such column, or a column has several values in the runs and none is given.
    """
    others = [name for name in fit.law.columns if name not in varied]
    for name in given:
        if name in varied:
            raise FitError(f"{name} is varied here and cannot be held; give its range or values instead")
        if name not in others:
            alike = [known for known in others if known.casefold() == name.casefold()]
            hint = f"did you mean {alike[0]!r}?" if alike else f"it reads {', '.join(fit.law.columns)}"
            raise FitError(f"law {fit.law.name!r} has no column {name!r} to hold; {hint}")
    held = {}
    for name in others:
        values = read_values(name, given[name]) if name in given else np.unique(fit.columns[name]).astype(float)
        if len(values) != 1:
            raise FitError(
                f"law {fit.law.name!r} reads {name} too, which has {len(values)} values from {values.min():g} to "
                f"{values.max():g}; hold it at one, as in {name}={values[len(values) // 2]:g}"
            )
        held[name] = float(values[0])
    return held


def with_held(columns: dict[str, np.ndarray], held: Mapping[str, float]) -> dict[str, np.ndarray]:
    """The columns varied, shape (rows,), and those held at one value in every row."""
    rows = len(next(iter(columns.values())))
    return columns | {name: np.full(rows, value) for name, value in held.items()}


def losses_over(
    fit: Fit, columns: dict[str, np.ndarray], held: Mapping[str, float], *, level: float | None, kind: str
) -> dict[str, np.ndarray]:
    """``loss`` and, with a level, ``low`` and ``high`` of columns varied and columns held, each of shape (rows,)."""
    loss, ends = loss_and_ends(fit, with_held(columns, held), level=level, kind=kind)
    return {"loss": loss} if ends is None else {"loss": loss, "low": ends[0], "high": ends[1]}


def run_range(fit: Fit, name: str) -> tuple[float, float]:
    """Smallest and largest value of a column in the fitted runs."""
    values = np.asarray(fit.columns[name], dtype=float)
    return float(values.min()), float(values.max())


def stretched(fit: Fit, name: str, given: Any, *, below: float, above: float) -> tuple[float, float]:
    """The range given, or that of the runs divided by ``below`` and times ``above``; P starts at 1.

    Raises
    ------
    FitError
        If the range given is not two numbers, low before high.
    """
    if given is not None:
        ends = read_values(name, given)
        if len(ends) != 2 or not ends[0] < ends[1]:
            raise FitError(f"the range of {name} is (low, high) with low below high, not {given!r}")
        return float(ends[0]), float(ends[1])
    low, high = run_range(fit, name)
    return max(low / below, 1.0) if name == "P" else low / below, high * above


def within(fit: Fit, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Whether each row lies within the range of the fitted runs, in every column given; shape (rows,)."""
    inside = np.ones(len(next(iter(columns.values()))), dtype=bool)
    for name, values in columns.items():
        low, high = run_range(fit, name)
        slack = 1e-12 * abs(high)
        inside &= (values >= low - slack) & (values <= high + slack)
    return inside
