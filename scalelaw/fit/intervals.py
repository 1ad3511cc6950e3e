"""Intervals from bootstrap draws of any quantity."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from scalelaw.errors import FitError

KINDS = ("bc", "percentile", "normal")
_NORMAL = NormalDist()


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
    if kind not in KINDS:
        raise FitError(f"the kind of an interval is one of {', '.join(KINDS)}, not {kind!r}")
    if not 0 < level < 1:
        raise FitError(f"the level of an interval lies between 0 and 1, as 0.95 does, not {level!r}")
    draws, estimate = np.asarray(draws, dtype=float), np.asarray(estimate, dtype=float)
    tail = (1 - level) / 2
    if kind == "normal":
        half = _NORMAL.inv_cdf(1 - tail) * draws.std(0, ddof=1)
        return np.stack([estimate - half, estimate + half])
    ordered = np.sort(np.clip(draws, -1e300, 1e300), axis=0)
    if kind == "percentile":
        return np.quantile(ordered, [tail, 1 - tail], axis=0)
    # the share of draws below the estimate, those equal to it counted half, gives the median bias
    share = ((draws < estimate).mean(0) + (draws <= estimate).mean(0)) / 2
    shift = 2 * _inverse(np.clip(share, 0.5 / len(draws), 1 - 0.5 / len(draws)))
    levels = np.stack([_normal(shift + _NORMAL.inv_cdf(q)) for q in (tail, 1 - tail)])
    return _quantiles(ordered, levels)


_inverse = np.vectorize(_NORMAL.inv_cdf, otypes=[float])
_normal = np.vectorize(_NORMAL.cdf, otypes=[float])


def _quantiles(ordered: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles (2, ...) of sorted draws (B, ...) at levels (2, ...) of each quantity's own, linearly interpolated."""
    place = levels * (len(ordered) - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, len(ordered) - 1)
    low, high = np.take_along_axis(ordered, below, 0), np.take_along_axis(ordered, above, 0)
    return low + (place - below) * (high - low)
