"""Approach 2: the best size at each training budget from its isoFLOP profile, and how it grows with compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalelaw.analysis.frontier import Frontier, need_two, power_laws
from scalelaw.analysis.isoflop_profile import CURVES, Profile, profiles_of, run_noise
from scalelaw.errors import FitError
from scalelaw.fit.intervals import check_interval


def isoflop(
    runs: Any,
    *,
    curve: str = "parabola",
    window: float = 10.0,
    noise: float | None = None,
    bootstrap: int = 0,
    rng: int | np.random.Generator = 0,
    level: float = 0.95,
    kind: str = "bc",
) -> Frontier:
    """Best N and D at each budget from isoFLOP profiles, and the power laws N*(C) and D*(C).

    Each budget's losses are a curve over ln N, whose minimum is the best size there; a straight line in logarithms
    through the minima gives the exponents (approach 2 of Hoffmann et al. 2022, arXiv:2203.15556, section 3.2). A
    profile that is concave or has its minimum outside of its sizes says nothing of the optimum and is refused by name.

    Parameters
    ----------
    runs : DataFrame or mapping
        Columns ``N``, ``D``, ``loss`` and, if there is one, ``C``; otherwise C = 6 N D P. Budgets within 5 % of one
        another are one; of several runs of one size at a budget the best is taken.
    curve : {"parabola", "akima"}
        A parabola by least squares, as Hoffmann et al. do, or Akima's interpolation, as Porian et al. 2024,
        arXiv:2406.19146, do: real profiles are lopsided, which moves the minimum of a parabola.
    window : float
        A parabola goes through the runs within this factor of the best size of the profile; ``inf`` for all.
    noise : float, optional
        Standard deviation of log loss from run to run; by default that of each run about the cubic through its two
        neighbours on either side, by the median, all budgets together.
    bootstrap : int
        Draws, each with new noise in every loss, for the intervals of the minima; 0 for none of those. Intervals of the
        exponents need no draws: they are Student's, from the scatter of three or more minima about their line, with two
        degrees of freedom fewer than budgets, since draws know of the noise of runs alone, and on published profiles
        minima scatter more. At three budgets that is one degree, and wide. Two budgets have no scatter, so theirs come
        from the draws.
    rng : int or Generator
    level : float
    kind : {"bc", "percentile", "normal"}

    Returns
    -------
    Frontier
        Its ``minima`` have ``sizes``, the number of runs of each profile, and with draws ``N_low`` and ``N_high``: 0 or
        infinite where too many draws have no minimum between their sizes.

    Raises
    ------
    FitError
        If the curve is unknown, or fewer than two budgets have a minimum: the message says why for each.
    RunsError
        If a column is missing or faulty, or the rows are of several corpora or several P.

    Examples
    --------
    >>> import scalelaw as sl
    >>> rows = sl.load("porian", dataset="rw", hparams="tuned", decay="const", param_count="standard")
    >>> isoflop(rows, curve="akima").exponents.round(3)[["quantity", "exponent", "r2", "budgets"]]
      quantity  exponent     r2  budgets
    0        N     0.497  0.997       12
    1        D     0.503  0.997       12
    """
    check_interval(level, kind)
    if curve not in CURVES:
        raise FitError(f"a profile's curve is one of {', '.join(CURVES)}, not {curve!r}")
    if not window > 1:
        raise FitError(f"the window is a factor above 1, such as 10, not {window!r}")
    profiles = profiles_of(runs, window)
    found = [profile.minima(profile.loss[None], curve) for profile in profiles]
    draws = None
    if bootstrap:
        spread = run_noise(profiles) if noise is None else float(noise)
        draws = _draws(profiles, curve, spread, bootstrap, np.random.default_rng(rng))
    return _frontier(profiles, found, draws, curve, level=level, kind=kind)


def _draws(
    profiles: list[Profile], curve: str, noise: float, count: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """N and D at the minima of ``count`` tables with new noise, shape (count, budgets); NaN where there is none.

    ``anywhere`` is N with 0 or infinity there, after the end of the profile that is the lower one.
    """
    best: dict[str, list[np.ndarray]] = {"N": [], "D": [], "anywhere": []}
    for profile in profiles:
        losses = profile.loss * np.exp(noise * rng.standard_normal((count, len(profile.x))))
        at = profile.minima(losses, curve)[0]
        beyond = np.where(losses[:, 0] < losses[:, -1], -np.inf, np.inf)
        best["N"].append(np.exp(at))
        best["D"].append(np.exp(np.interp(at, profile.x, profile.tokens)))
        best["anywhere"].append(np.exp(np.where(np.isnan(at), beyond, at)))
    return {name: np.stack(values, axis=1) for name, values in best.items()}


def _frontier(
    profiles: list[Profile],
    found: list[tuple[np.ndarray, np.ndarray, list[str]]],
    draws: dict[str, np.ndarray] | None,
    curve: str,
    *,
    level: float,
    kind: str,
) -> Frontier:
    import pandas as pd

    from scalelaw.fit.intervals import interval

    C = np.array([profile.C for profile in profiles])
    at = np.array([minimum[0][0] for minimum in found])
    D = np.exp([np.interp(x, profile.x, profile.tokens) for x, profile in zip(at, profiles, strict=True)])
    minima = pd.DataFrame({"C": C, "N": np.exp(at), "D": D, "loss": [minimum[1][0] for minimum in found]})
    minima["sizes"] = [len(profile.x) for profile in profiles]
    minima["refused"] = [minimum[2][0] for minimum in found]
    need_two(minima, "isoFLOP approach")
    kept = np.isfinite(at)
    if draws is not None:
        ends = np.full((2, len(C)), np.nan)
        for j in np.flatnonzero(kept):
            ends[:, j] = interval(draws["anywhere"][:, j], np.exp(at[j]), level=level, kind=kind)
        minima.insert(2, "N_low", ends[0])
        minima.insert(3, "N_high", ends[1])
        draws = {name: values[:, kept] for name, values in draws.items()}
    best = {name: minima[name].to_numpy()[kept] for name in ("N", "D")}
    lines = [pd.DataFrame({"C": p.C, **dict(zip(("N", "loss"), p.drawn(curve), strict=True))}) for p in profiles]
    points = [pd.DataFrame({"C": p.C, "N": np.exp(p.x), "D": np.exp(p.tokens), "loss": p.loss}) for p in profiles]
    exponents = power_laws(C[kept], best, draws, independent=True, level=level, kind=kind)
    return Frontier("isoflop", minima, exponents, pd.concat(points), pd.concat(lines))
