"""What the residuals still hold: trends, bends and changing spread along a column, with p-values and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.amounts import amount
from scalelaw.analysis.diagnosis.finding import Finding
from scalelaw.analysis.diagnosis.local import Local, labels_of
from scalelaw.errors import FitError
from scalelaw.fit.report import ranks

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

_OTHERS = ("N", "P", "D", "C", "U")
_CLIP, _ALARM, _ABSORBED, _DEGREE, _LEFT, _SPARE = 4.0, 0.01, 0.3, 4, 1e-5, 3
"""Standard deviations at which a residual stops counting more; the corrected p-value that is worth a sentence; the
share of a line below which the law has an exponent of its own for it; the degree of a bend; the share of a term that
must be left for it to be more than rounding; and the degrees of freedom that a test must have to spare."""


def residual_structure(fit: Fit, runs: Mapping[str, Any] | None = None, *, groups: Any = None) -> pd.DataFrame:
    """Tests of the residuals along every column, the smallest p-value first.

    ``trend`` and ``bend`` ask whether a straight line, or a polynomial of degree 4 beside it, in the logarithm of the
    column would explain more of the residuals than chance does. They are score tests: what the law's own parameters
    could absorb is taken out first, and where that is most of the line, as for N in a law with an exponent of N, only
    ``bend`` is tested. ``spread`` asks whether the residuals grow or shrink along the column. Residuals beyond four
    standard deviations count as four.

    Parameters
    ----------
    fit : Fit
    runs : DataFrame or mapping of str to array, optional
        The table that was fitted, whose other columns of the schema are tested too: a law without P, say, along P.
    groups : array of shape (rows,), optional
        The run of each row, where rows are checkpoints; by default ``fit.checkpoints_of``.

    Returns
    -------
    DataFrame
        ``column``, ``test``, ``effect``, ``statistic`` (Student's t, for ``bend`` F), ``p``, ``p_corrected`` (Holm
        1979, over all tests), ``high`` and ``low`` (where along the column losses lie most above and below the law),
        ``says``. The effect is the height of what the law does not absorb of the line or polynomial, in the space of
        the fit, for a trend with its sign; for ``spread`` it is the rank correlation of size and column. A test that
        the runs cannot make is left out.

    Raises
    ------
    FitError
        If the table has another number of rows than the fit, or ``groups`` is not one name a row.

    Notes
    -----
    Checkpoints of one run are not independent. With groups a test takes runs, not rows, to be independent draws: the
    scores are summed over each run, and their mean is compared with their own scatter (Hotelling's T squared).
    ``attrs["runs"]`` then says how many there are.

    Source: Rao 1948, Mathematical Proceedings of the Cambridge Philosophical Society 44, 50 (score tests); Hotelling
    1931, Annals of Mathematical Statistics 2, 360.

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
    groups = fit.checkpoints_of if groups is None else groups
    labels = None if groups is None else labels_of(groups, fit.rows)
    rows = [row for name, values in _columns(fit, runs).items() for row in _tests(local, name, values, labels)]
    frame = pd.DataFrame(rows, columns=["column", "test", "effect", "statistic", "p", "high", "low"])
    frame = frame.sort_values("p", kind="stable", ignore_index=True)
    frame["p_corrected"] = _holm(frame["p"].to_numpy(dtype=float))
    frame["says"] = [_say(row, log=fit.settings.log) for row in frame.to_dict("records")]
    if labels is not None:
        frame.attrs["runs"] = len(np.unique(labels))
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


def _tests(local: Local, name: str, values: np.ndarray, labels: np.ndarray | None) -> list[dict[str, Any]]:
    used = local.weights > 0
    labels = None if labels is None else labels[used]
    root, values = np.sqrt(local.weights[used]), values[used]
    line = np.log(values / values.min()) / (np.log(values.max() / values.min()) or 1.0)
    limit = _CLIP * local.spread
    residuals = np.clip(local.residuals[used], -limit, limit)
    known = _basis(root[:, None] * local.slopes[used])
    found = []
    if _share_left(known, root * line, root) >= _ABSORBED:
        found.append({"test": "trend", **_score(line[:, None], known, residuals, root, values, labels)})
        known = _basis(np.column_stack([known, root * line]))
    degrees = range(2, min(_DEGREE, len(np.unique(values)) - 1) + 1)
    bends = np.polynomial.legendre.legvander(2 * line - 1, _DEGREE)[:, list(degrees)]
    found.append({"test": "bend", **_score(bends, known, residuals, root, values, labels)})
    found.append({"test": "spread", **_spread(line, residuals, labels)})
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


def _score(
    terms: np.ndarray,
    basis: np.ndarray,
    residuals: np.ndarray,
    root: np.ndarray,
    values: np.ndarray,
    labels: np.ndarray | None,
) -> dict[str, float]:
    """Test of terms (rows, k) beside a basis; empty where the basis absorbs them, or no run is to spare."""
    terms, residuals = root[:, None] * terms, root * residuals
    rest = terms - basis @ (basis.T @ terms)
    left = residuals - basis @ (basis.T @ residuals)
    kept = (rest**2).sum(0) > _LEFT * (terms**2).sum(0)
    vectors, singular, _ = np.linalg.svd(rest[:, kept], full_matrices=False)
    vectors = vectors[:, singular > _LEFT**0.5 * singular.max(initial=0.0)]
    explained = vectors.T @ left
    found = _by_rows(explained, left, basis.shape[1]) if labels is None else _by_runs(vectors * left[:, None], labels)
    if found is None:
        return {}
    ratio, p = found
    curve = -(vectors @ explained) / root
    high, low = float(values[curve.argmax()]), float(values[curve.argmin()])
    result = {"effect": float(np.ptp(curve)), "statistic": ratio, "p": p}
    if terms.shape[1] == 1:  # a line: its sign, and Student's t
        sign = 1.0 if high > low else -1.0
        result |= {"effect": sign * result["effect"], "statistic": sign * ratio**0.5}
    return result | {"high": high, "low": low}


def _by_rows(explained: np.ndarray, left: np.ndarray, absorbed: int) -> tuple[float, float] | None:
    """F and p of what k terms explain of the residuals left, rows being independent; None where none is to spare."""
    from scipy.special import fdtrc

    count = len(explained)
    spare = len(left) - absorbed - count
    noise = float((left**2).sum() - (explained**2).sum())
    if not count or spare < 1 or not noise > 1e-24 * len(left):
        return None
    ratio = float((explained**2).sum() / count / (noise / spare))
    return ratio, float(fdtrc(count, spare, ratio))


def _by_runs(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float] | None:
    """F and p of scores (rows, k) that should add up to nothing, runs being independent; None with too few of them.

    With u_g the sum over a run and W = (sum u_g)' (sum u_g u_g')^-1 (sum u_g), which is at most the number of runs G,
    Hotelling's T squared gives F = (G - k) / k W / (G - W) with k and G - k degrees of freedom.
    """
    from scipy.special import fdtrc

    sums = np.stack([np.bincount(labels, each) for each in scores.T], 1)[np.unique(labels)]
    runs, count = sums.shape
    total, square = sums.sum(0), sums.T @ sums
    if not count or runs < count + _SPARE or np.linalg.cond(square) > 1 / _LEFT**2:
        return None
    share = float(total @ np.linalg.solve(square, total))
    if not share < runs:
        return None
    ratio = (runs - count) / count * share / (runs - share)
    return ratio, float(fdtrc(count, runs - count, ratio))


def _spread(line: np.ndarray, residuals: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    """Rank correlation of the size of the residuals with the column, and its Student's t."""
    spare = len(line) - 2
    if spare < _SPARE or not np.abs(residuals).max() > 1e-12 or not np.ptp(np.abs(residuals)):
        return {}
    places, sizes = ranks(line), ranks(np.abs(residuals))
    correlation = float(np.corrcoef(places, sizes)[0, 1])
    if not abs(correlation) < 1:
        return {}
    if labels is None:
        statistic = correlation * (spare / (1 - correlation**2)) ** 0.5
        return {"effect": correlation, "statistic": statistic, "p": _two_sided(statistic, spare)}
    found = _by_runs(((places - places.mean()) * (sizes - sizes.mean()))[:, None], labels)
    if found is None:
        return {}
    return {"effect": correlation, "statistic": float(np.copysign(found[0] ** 0.5, correlation)), "p": found[1]}


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
    where = f"above the law about {column} = {amount(column, row['high'])}"
    return f"losses lie {where} and below it about {amount(column, row['low'])}, by {size} in all {chance}"
