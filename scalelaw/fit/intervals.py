"""Intervals from bootstrap draws of any quantity.

Which kind is the default was decided by simulation (``benchmarks/bench_intervals.py``; 24, 40 and 240 runs; Gaussian,
t3, uneven and real noise; delta = 1e-3): bias-corrected percentiles of resampled runs cover 94 to 98 % of the time
where they promise 95. Percentiles and normal intervals are wider for few runs (up to 99 and 100 %). Profiles are
narrower and cover 89 to 99 %, the sandwich 86 to 99 %, both some points too little below some hundred runs; wild
bootstraps 85 to 96 %, since the residuals of a fit with a delta far below the noise are too small near 0 however they
are turned.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from scalelaw.errors import FitError

KINDS = ("bc", "percentile", "normal")
WITHOUT_DRAWS = ("profile", "sandwich", "robust")
"""Kinds of interval that need no bootstrap: profile, and normal ones by the sandwich or the robust sandwich."""
ALL_KINDS = (*KINDS, *WITHOUT_DRAWS)
_NORMAL = NormalDist()
_INFINITE, _HUGE = 1e300, 1e290
"""What stands for infinity while draws are interpolated, and above what an end is infinite again."""
_LEVEL_BELOW_ONE = 1 - 2.0**-52


def check_interval(level: float | None, kind: str) -> None:
    """Refuse an interval that means nothing; a level of None asks for none, and its kind must mean something too.

    Raises
    ------
    FitError
        If the level is not between 0 and 1 or the kind is unknown.
    """
    if kind in WITHOUT_DRAWS:
        raise FitError(f"an interval of kind {kind!r} cannot be had here; the kind is one of {', '.join(KINDS)}")
    if kind not in KINDS:
        raise FitError(f"the kind of an interval is one of {', '.join(KINDS)}, not {kind!r}")
    if level is not None and not 0 < level < 1:
        raise FitError(f"the level of an interval lies between 0 and 1, as 0.95 does, not {level!r}")


def check_kind(level: float | None, kind: str) -> None:
    """Refuse a level or a kind, of those with and without draws, that means nothing.

    Raises
    ------
    FitError
    """
    if kind not in ALL_KINDS:
        raise FitError(f"the kind of an interval is one of {', '.join(ALL_KINDS)}, not {kind!r}")
    check_interval(level, "bc")


def interval(draws: np.ndarray, estimate: np.ndarray | float, *, level: float = 0.95, kind: str = "bc") -> np.ndarray:
    """Ends of an interval of a quantity.

    Parameters
    ----------
    draws : array of shape (B, ...)
        The quantity on every resample.
    estimate : array of shape (...)
        The quantity on the runs themselves.
    level : float
        Nominal coverage, 0.95 for 95 %.
    kind : {"bc", "percentile", "normal"}
        Bias-corrected percentile (Efron 1981), percentile, or estimate plus and minus the normal quantile times the
        standard deviation of the draws.

    Infinite draws take part: an end that falls among them is infinite, and a normal interval runs from minus infinity
    to infinity, unless all draws are infinite alike.

    Returns
    -------
    array of shape (2, ...)
        Low and high.

    Raises
    ------
    FitError
        If the level or the kind means nothing.

    Examples
    --------
    >>> interval(np.arange(101.0), 50.0, kind="percentile").round(3)
    array([ 2.5, 97.5])
    """
    check_interval(level, kind)
    draws, estimate = np.asarray(draws, dtype=float), np.asarray(estimate, dtype=float)
    tail = (1 - level) / 2
    if kind == "normal":
        half = _NORMAL.inv_cdf(1 - tail) * _deviation(draws)
        unbounded = np.isinf(half)  # set apart, for an estimate that is infinite too has no difference with it
        half = np.where(unbounded, 0.0, half)
        return np.stack([np.where(unbounded, -np.inf, estimate - half), np.where(unbounded, np.inf, estimate + half)])
    draws, estimate = np.clip(draws, -_INFINITE, _INFINITE), np.clip(estimate, -_INFINITE, _INFINITE)
    ordered = np.sort(draws, axis=0)
    if kind == "percentile":
        return _open(np.quantile(ordered, [tail, 1 - tail], axis=0))
    # the share of draws below the estimate, those equal to it counted half, gives the median bias
    share = ((draws < estimate).mean(0) + (draws <= estimate).mean(0)) / 2
    return _open(_quantiles(ordered, corrected_levels(share, len(draws), level=level)))


def expanded_level(level: float, clusters: int) -> float:
    """Level of an interval by resamples of whole clusters that holds what ``level`` promises.

    Resamples of G clusters vary too little, by (G - 1) / G, and tell their own variance from G - 1 differences, so
    Student's t times sqrt(G / (G - 1)) takes the place of the normal quantile (Hesterberg 2015, The American
    Statistician 69, 371). Below 2 clusters, as where single rows are drawn, the level is left.

    Examples
    --------
    >>> [round(expanded_level(0.95, clusters), 4) for clusters in (0, 6, 12, 240)]
    [0.95, 0.9951, 0.9785, 0.9516]
    """
    if clusters < 2:
        return level
    from scipy.special import stdtrit  # slow to import, and most fits need none

    quantile = float(stdtrit(clusters - 1, (1 + level) / 2)) * (clusters / (clusters - 1)) ** 0.5
    return min(1 - 2 * _NORMAL.cdf(-quantile), _LEVEL_BELOW_ONE)


def corrected_levels(share: np.ndarray, draws: int, *, level: float) -> np.ndarray:
    """Levels (2, ...) at which the bias-corrected percentile interval takes the quantiles of the draws.

    ``share`` is that of the draws below the estimate; it is kept half a draw away from 0 and 1.
    """
    tail = (1 - level) / 2
    shift = 2 * _inverse(np.clip(share, 0.5 / draws, 1 - 0.5 / draws))
    return np.stack([_normal(shift + _NORMAL.inv_cdf(q)) for q in (tail, 1 - tail)])


_inverse = np.vectorize(_NORMAL.inv_cdf, otypes=[float])
_normal = np.vectorize(_NORMAL.cdf, otypes=[float])


def _deviation(draws: np.ndarray) -> np.ndarray:
    """Standard deviation over the draws: infinite where some are, 0 where all are the same infinity."""
    infinite = np.isinf(draws).any(0)
    finite = np.where(infinite, 0.0, draws).std(0, ddof=1)
    return np.where(infinite, np.where((draws == draws[0]).all(0), 0.0, np.inf), finite)


def _open(ends: np.ndarray) -> np.ndarray:
    """Ends, infinite where infinite draws made them huge."""
    return np.where(np.abs(ends) > _HUGE, np.copysign(np.inf, ends), ends)


def _quantiles(ordered: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles (2, ...) of sorted draws (B, ...) at levels (2, ...) of each quantity's own, linearly interpolated."""
    place = levels * (len(ordered) - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, len(ordered) - 1)
    low, high = np.take_along_axis(ordered, below, 0), np.take_along_axis(ordered, above, 0)
    return low + (place - below) * (high - low)
