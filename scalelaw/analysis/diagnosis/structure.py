"""What the residuals still hold: trends, bends and changing spread along a column, with p-values and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.diagnosis.finding import Finding
from scalelaw.analysis.diagnosis.local import Local
from scalelaw.errors import FitError

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

_OTHERS = ("N", "P", "D", "C", "U")
_CLIP, _ALARM, _ABSORBED = 4.0, 0.01, 0.3
"""Standard deviations at which a residual stops counting more; the corrected p-value that is worth a sentence; and the
share of a line below which the law has an exponent of its own for it."""


def residual_structure(fit: Fit, runs: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Tests of the residuals along every column, the smallest p-value first.

    ``trend`` and ``bend`` ask whether a straight line, or a parabola beside it, in the logarithm of the column would
    explain more of the residuals than chance does. They are score tests: what the law's own parameters could absorb is
    taken out of the line first, and where that is most of it, as for N in a law with an exponent of N, only ``bend`` is
    tested. ``spread`` asks whether the residuals grow or shrink along the column. Residuals beyond four standard
    deviations count as four.

    Parameters
    ----------
    fit : Fit
    runs : DataFrame or mapping of str to array, optional
        The table that was fitted, whose other columns of the schema are tested too: a law without P, say, along P.

    Returns
    -------
    DataFrame
        ``column``, ``test``, ``effect``, ``statistic`` (Student's t), ``p``, ``p_corrected`` (Holm 1979, over all
        tests), ``says``. The effect is the height of what the law does not absorb of the line or parabola, in the space
        of the fit, above 0 where losses lie over the law at the far end or in the middle; for ``spread`` it is the rank
        correlation of size and column. A test that the runs cannot make is left out.

    Raises
    ------
    FitError
        If the table has another number of rows than the fit.

    Notes
    -----
    Rows are taken to be independent. Checkpoints of one run are not, and their p-values are too small.

    Source: Rao 1948, Mathematical Proceedings of the Cambridge Philosophical Society 44, 50 (score tests).

    Examples
    --------
    >>> import scalelaw as sl
    >>> runs = sl.load("parscale-pile")
    >>> fit = sl.fit("power_n", runs)     # a law that ignores the streams
    >>> residual_structure(fit, runs[["P"]])["says"].iloc[0]
    'losses fall below the law towards large P, by 3.5 % over the runs (p = 5.7e-19)'
    """
    import pandas as pd

    local = Local.of(fit)
    rows = [row for name, values in _columns(fit, runs).items() for row in _tests(local, name, values)]
    frame = pd.DataFrame(rows, columns=["column", "test", "effect", "statistic", "p"])
    frame = frame.sort_values("p", kind="stable", ignore_index=True)
    frame["p_corrected"] = _holm(frame["p"].to_numpy(dtype=float))
    frame["says"] = [_say(row, log=fit.settings.log) for row in frame.to_dict("records")]
    return frame


def structure_findings(frame: pd.DataFrame) -> list[Finding]:
    """Sentences on the tests that are no accident, from the frame of `residual_structure`."""
    cures = {
        "trend": "Try a law with a term in {0}, or look for what else changes along {0}.",
        "bend": "Try a law of another form in {0}, or see in sensitivity what the ends of its range do.",
        "spread": "Weight the runs by their noise.",
    }
    alarming = frame[frame["p_corrected"] < _ALARM].to_dict("records")
    return [
        Finding("residuals", f"{row['says'][0].upper()}{row['says'][1:]}.", cures[row["test"]].format(row["column"]))
        for row in alarming
    ]


def _columns(fit: Fit, runs: Mapping[str, Any] | None) -> dict[str, np.ndarray]:
    """Columns that vary and are positive: those of the law, then numeric ones of the table."""
    found = {name: np.asarray(values) for name, values in fit.columns.items() if name != "loss"}
    for name in () if runs is None else runs:
        values = np.asarray(runs[name])  # type: ignore[index]
        if values.shape != (fit.rows,):
            raise FitError(
                f"the table has {len(values)} rows and the fit saw {fit.rows}; give the table that was fitted"
            )
        if name in _OTHERS and name not in found and values.dtype.kind in "iuf":
            found[name] = values
    numbers = {name: values.astype(float) for name, values in found.items()}
    return {name: values for name, values in numbers.items() if (values > 0).all() and np.ptp(values) > 0}


def _tests(local: Local, name: str, values: np.ndarray) -> list[dict[str, Any]]:
    used = local.weights > 0
    root = np.sqrt(local.weights[used])
    line = np.log(values[used])
    line = (line - line.min()) / (np.ptp(line) or 1.0)
    limit = _CLIP * local.spread
    residuals = np.clip(local.residuals[used], -limit, limit)
    known = _basis(root[:, None] * local.slopes[used])
    absorbed = _share_left(known, root * line, root) < _ABSORBED
    found = []
    if not absorbed:
        found.append({"test": "trend", **_score(root * line, known, root * residuals, root)})
        known = _basis(np.column_stack([known, root * line]))
    found.append({"test": "bend", **_score(root * 4 * line * (1 - line), known, root * residuals, root)})
    found.append({"test": "spread", **_spread(line, residuals)})
    return [{"column": name, **each} for each in found if "p" in each]


def _basis(columns: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the same space."""
    sizes = np.sqrt((columns**2).sum(0))
    basis, singular, _ = np.linalg.svd(columns[:, sizes > 0] / sizes[sizes > 0], full_matrices=False)
    return np.asarray(basis[:, singular > 1e-9 * singular.max(initial=0.0)])


def _share_left(basis: np.ndarray, term: np.ndarray, constant: np.ndarray) -> float:
    """Share of a term's own variation, a constant taken out, that a basis does not absorb."""
    alone = term - constant * (constant @ term) / (constant @ constant)
    rest = term - basis @ (basis.T @ term)
    return float((rest**2).sum() / ((alone**2).sum() or 1.0))


def _score(term: np.ndarray, basis: np.ndarray, residuals: np.ndarray, root: np.ndarray) -> dict[str, float]:
    """Student's t of a term beside a basis; empty where the basis absorbs it, or no run is to spare."""
    rest = term - basis @ (basis.T @ term)
    left = residuals - basis @ (basis.T @ residuals)
    spare = len(term) - basis.shape[1] - 1
    if spare < 1 or (rest**2).sum() < 1e-6 * (term**2).sum():
        return {}
    slope = float(-(rest @ left) / (rest @ rest))
    error = float(((left + slope * rest) ** 2).sum() / spare / (rest @ rest)) ** 0.5
    if not error > 1e-12:
        return {}
    height = slope * float(np.ptp(rest / root))
    return {"effect": height, "statistic": slope / error, "p": _two_sided(slope / error, spare)}


def _spread(line: np.ndarray, residuals: np.ndarray) -> dict[str, float]:
    """Rank correlation of the size of the residuals with the column, and its Student's t."""
    from scalelaw.fit.report import ranks

    spare = len(line) - 2
    if spare < 3 or not np.abs(residuals).max() > 1e-12 or not np.ptp(np.abs(residuals)):
        return {}
    correlation = float(np.corrcoef(ranks(line), ranks(np.abs(residuals)))[0, 1])
    if not abs(correlation) < 1:
        return {}
    statistic = correlation * (spare / (1 - correlation**2)) ** 0.5
    return {"effect": correlation, "statistic": statistic, "p": _two_sided(statistic, spare)}


def _two_sided(statistic: float, spare: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(spare, -abs(statistic)))


def _holm(p: np.ndarray) -> np.ndarray:
    """Corrected p-values of sorted ones."""
    return np.minimum(np.maximum.accumulate(p * np.arange(len(p), 0, -1)), 1.0)


def _say(row: Mapping[Any, Any], *, log: bool) -> str:
    column, effect = row["column"], row["effect"]
    size = f"{100 * abs(effect):.2g} %" if log else f"{abs(effect):.2g} nats"
    chance = f"(p = {row['p_corrected']:.2g})"
    if row["test"] == "spread":
        return f"the residuals {'grow' if effect > 0 else 'shrink'} towards large {column} {chance}"
    if row["test"] == "trend":
        trend = "rise above" if effect > 0 else "fall below"
        return f"losses {trend} the law towards large {column}, by {size} over the runs {chance}"
    way = ("above", "below") if effect > 0 else ("below", "above")
    return (
        f"losses lie {way[0]} the law in the middle of the range of {column} and {way[1]} it at the ends, "
        f"by {size} in all {chance}"
    )
