"""What a figure is given: a Fit, which is analysed first, or the DataFrame of the analysis itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis import read_values
from scalelaw.errors import ScalelawError

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def frame_of(
    given: Fit | pd.DataFrame,
    analyse: Callable[..., pd.DataFrame],
    options: Mapping[str, Any],
    *,
    need: tuple[str, ...],
) -> pd.DataFrame:
    """The frame given, or the analysis of the fit given.

    Raises
    ------
    ScalelawError
        If a frame lacks a column or comes with options that only an analysis has.
    """
    if not isinstance(given, pd.DataFrame):
        return analyse(given, **options)
    if options:
        raise ScalelawError(f"{', '.join(options)} cannot change a frame; pass the options to {analyse.__name__}()")
    return need_columns(given, need, maker=analyse.__name__)


def need_columns(frame: pd.DataFrame, need: tuple[str, ...], *, maker: str, value: str | None = None) -> pd.DataFrame:
    """The frame, its rows without a finite ``value`` left out.

    Raises
    ------
    ScalelawError
        If it lacks a column, or no row is left.
    """
    missing = [name for name in need if name not in frame]
    if missing:
        raise ScalelawError(
            f"the frame lacks {', '.join(missing)}; it should be one that {maker}() returns, and has "
            f"{', '.join(map(str, frame.columns))}"
        )
    if frame.empty:
        raise ScalelawError(f"the frame has no rows to draw; {maker}() should return some")
    kept = frame if value is None else frame[np.isfinite(frame[value].astype(float))]
    if kept.empty:
        raise ScalelawError(f"no row has a {value} to draw; the last columns of the frame say why")
    return kept


def before_loss(frame: pd.DataFrame) -> list[str]:
    """Columns to the left of ``loss``: what the frame runs over."""
    names = [str(name) for name in frame.columns]
    return names[: names.index("loss")]


def runs_of(given: Fit | pd.DataFrame, runs: Any) -> Mapping[str, Any] | None:
    """The runs to show: those given, else the fitted ones, none for a frame."""
    if runs is not None:
        return dict(runs.items())
    return None if isinstance(given, pd.DataFrame) else given.columns


def level_of(given: Fit | pd.DataFrame, level: float | None) -> float | None:
    """The level of a band, where there are draws to make one of."""
    return level if not isinstance(given, pd.DataFrame) and given.draws is not None else None


def at_held(runs: Mapping[str, Any], held: Mapping[str, Any], names: list[str]) -> dict[str, np.ndarray]:
    """Columns of those runs that have the values held, as floats of shape (rows,)."""
    rows = np.ones(len(runs["loss"]), dtype=bool)
    for name, value in held.items():
        if name in runs:
            rows &= np.isclose(np.asarray(runs[name], dtype=float), read_values(name, value)[0], rtol=1e-6)
    return {name: np.asarray(runs[name], dtype=float)[rows] for name in [*names, "loss"]}
