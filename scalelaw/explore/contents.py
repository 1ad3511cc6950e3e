"""What a page knows of a fit: its law, parameters, draws, runs and notes, as plain values."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.columns import other_column
from scalelaw.explore.formulas import loss_in_javascript, why_no_worth, worth_in_javascript
from scalelaw.fit.intervals import corrected_levels

if TYPE_CHECKING:
    from scalelaw.fit.resampling import Draws
    from scalelaw.fit.result import Fit

LEVELS = (0.8, 0.9, 0.95, 0.99)
"""Levels that a page offers intervals of."""


def fit_contents(fit: Fit, name: str, *, python: str = "") -> dict[str, Any]:
    """A fit as values that JSON holds.

    Parameters
    ----------
    fit : Fit
    name : str
        What the page calls it.
    python : str
        An expression that gives the fit in Python, such as ``sl.Fit.from_json("fit.json")``.

    Returns
    -------
    dict
        Numbers of full precision; the bootstrap draws, shape (B, parameters), row by row as base64 of little-endian
        float64.
    """
    x = "N" if "N" in fit.law.columns else fit.law.columns[0]
    return {
        "name": name,
        "python": python or 'sl.Fit.from_json("fit.json")',
        "law": fit.law.name,
        "formula": fit.law.formula,
        "columns": list(fit.law.columns),
        "axes": [x, other_column(fit, x)],
        "parameters": list(fit.law.parameters),
        "theta": [float(fit.params[each]) for each in fit.law.parameters],
        "draws": None if fit.draws is None else encoded(fit.draws.theta),
        "table": None if fit.draws is None else interval_table(fit.draws),
        "runs": {column: np.asarray(values).tolist() for column, values in fit.table.items()},
        "rows": fit.rows,
        "r2": fit.r2,
        "objective": fit.settings.describe(),
        "notes": list(fit.notes),
        "why": why_no_worth(fit),
    }


def functions(fits: Sequence[Fit]) -> str:
    """A JavaScript list of what each fit's law computes: ``loss``, and ``worth`` where it has a closed form."""
    parts = [f"{{ loss: {loss_in_javascript(fit)}, worth: {worth_in_javascript(fit) or 'null'} }}" for fit in fits]
    return f"[\n{','.join(parts)}\n]"


def interval_tables(fits: Iterable[Fit]) -> dict[str, Any]:
    """Levels of the quantiles that a bias-corrected interval takes, for every share of draws that there can be.

    By `interval_table` and the level of the interval: low ends, then high ends, at 0, 1, ..., 2 B half draws below
    the estimate. So the page needs no normal distribution of its own, and its intervals are Python's.
    """
    return {
        interval_table(draws): {
            str(level): encoded(
                corrected_levels(np.arange(2 * len(draws) + 1) / (2 * len(draws)), len(draws), level=draws.level(level))
            )
            for level in LEVELS
        }
        for draws in (fit.draws for fit in fits)
        if draws is not None
    }


def interval_table(draws: Draws) -> str:
    """Which of `interval_tables` is that of some draws: their number, and that of the clusters they drew."""
    return f"{len(draws)} {draws.clusters}" if draws.clusters else str(len(draws))


def encoded(values: np.ndarray) -> str:
    """Base64 of little-endian float64, row by row."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode("ascii")
