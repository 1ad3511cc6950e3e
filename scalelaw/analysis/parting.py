"""Where two laws part: what each says beyond the runs, and from where on a run would tell them apart."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import held_columns, need_columns, read_values, stretched, tidy, with_held, within
from scalelaw.analysis.contours import geometric
from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.intervals import check_interval, interval
from scalelaw.fit.predict import parameter_sets

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

_BEYOND = 8.0


def parting(
    first: Fit,
    second: Fit,
    *,
    along: str = "P",
    along_range: Any = None,
    num: int = 61,
    level: float = 0.95,
    kind: str = "bc",
    noise: float | None = None,
    **fixed_columns: Any,
) -> pd.DataFrame:
    """Predictions of two laws along a column, within the runs and beyond, and whether one run would tell them apart.

    A run tells the laws apart where their predictions differ by more than the noise of a run and the uncertainty of
    that difference together:

        |gap| > z sqrt(sd(gap)^2 + noise^2)

    with sd(gap) over bootstrap draws, which both fits must have from the same resamples, and z the normal quantile of
    the level.

    Parameters
    ----------
    first, second : Fit
        Fits of two laws to the same runs, with the same ``bootstrap``, ``resample`` and ``rng``.
    along : str
        A column that both laws read.
    along_range : (low, high), optional
        By default that of the runs and eight times beyond.
    num : int
        Points at most, geometrically spaced; streams are whole.
    level, kind
        Of the intervals, see `Fit.interval`.
    noise : float, optional
        Standard deviation of one run's loss, nats per token. By default `Fit.seed_noise` of the law that leaves less:
        by replicate seeds where the table has them, else by its residuals, which hold its misfit too.
    **fixed_columns
        One value for each other column of the laws; not needed where the runs have only one.

    Returns
    -------
    DataFrame
        ``along`` (under its own name), columns held, and for each law its loss under its name with ``..._low`` and
        ``..._high``; ``gap``, the first minus the second, with ``gap_low`` and ``gap_high``; ``noise``; ``apart``,
        whether one run there tells the laws apart; ``runs``, how many with other seeds would (infinite where the laws
        themselves are too unsure); ``inside``, whether the fitted runs reach there.

        ``attrs`` has ``laws``, ``along`` and ``apart_from``, the value from which on one run tells (NaN if none does).

    Raises
    ------
    FitError
        If a column is not read by both or has to be held, the fits have no draws or draws of other resamples, or a
        number means nothing.

    Examples
    --------
    >>> import scalelaw as sl
    >>> runs = sl.load("parscale-pile")
    >>> laws = [sl.fit(law, runs, bootstrap=500, rng=0) for law in ("parscale", "additive_streams")]
    >>> frame = parting(*laws, N="4.4B", along_range=(1, 64), num=7)
    >>> frame[["P", "parscale", "additive_streams", "apart"]].round(3).tail(2)
        P  parscale  additive_streams  apart
    5  32     1.756             1.754  False
    6  64     1.747             1.747  False
    """
    check_interval(level, kind)
    for fit in (first, second):
        need_columns(fit, along, what="where laws part")
    if first.law.name == second.law.name:
        raise FitError(f"both fits are of law {first.law.name!r}; give fits of two laws")
    _check_paired(first, second)
    span = stretched(first, along, along_range, below=1.0, above=_BEYOND)
    values = np.array([float(f"{value:.12g}") for value in geometric(span, num)])  # 8e9, not 7.9999999e9
    if along == "P":
        values = np.unique(np.rint(values))
    held = _held(first, second, along, fixed_columns)
    columns = with_held({along: values}, held)
    losses = [law_losses(fit.law, columns, parameter_sets(fit, draws=True)) for fit in (first, second)]
    frame = pd.DataFrame(
        {along: tidy(values), **{name: tidy(np.full(len(values), value)) for name, value in held.items()}}
    )
    for fit, found in zip((first, second), losses, strict=True):
        frame[fit.law.name] = found[0]
        _ends(frame, f"{fit.law.name}_", found, level, kind)
    gap = losses[0] - losses[1]
    frame["gap"] = gap[0]
    _ends(frame, "gap_", gap, level, kind)
    frame["noise"] = _noise(first, second, losses, noise)
    _tell(frame, gap[1:].std(0, ddof=1), NormalDist().inv_cdf((1 + level) / 2))
    frame["inside"] = within(first, {along: values})
    frame.attrs |= {"laws": (first.law.name, second.law.name), "along": along, "apart_from": _apart_from(frame, along)}
    return frame


def _check_paired(first: Fit, second: Fit) -> None:
    a, b = first.require_draws(), second.require_draws()
    same = len(a) == len(b) and (a.kind, a.by) == (b.kind, b.by) and a.seed is not None and a.seed == b.seed
    if not same or first.rows != second.rows or not np.array_equal(first.columns["loss"], second.columns["loss"]):
        raise FitError(
            "the two fits were not drawn from the same resamples; fit both to the same runs with the same bootstrap, "
            "resample and rng, as in bootstrap=1000, rng=0"
        )


def _held(first: Fit, second: Fit, along: str, given: dict[str, Any]) -> dict[str, float]:
    """Columns to hold of either law."""
    held: dict[str, float] = {}
    for fit, other in ((first, second), (second, first)):
        own = {
            name: value
            for name, value in given.items()
            if name in fit.law.columns or name not in other.law.columns or name == along
        }
        held |= held_columns(fit, (along,), own)
    return held


def _ends(frame: pd.DataFrame, prefix: str, found: np.ndarray, level: float, kind: str) -> None:
    frame[f"{prefix}low"], frame[f"{prefix}high"] = interval(found[1:], found[0], level=level, kind=kind)


def _noise(first: Fit, second: Fit, losses: list[np.ndarray], given: float | None) -> np.ndarray:
    """Standard deviation of a run's loss, nats per token, shape (num,)."""
    if given is not None:
        (value,) = read_values("noise", given)
        return np.full(losses[0].shape[1], value)
    sizes = []
    for fit, found in zip((first, second), losses, strict=True):
        sd = fit.seed_noise().sd
        sizes.append(sd * found[0] if fit.settings.log else np.full(found.shape[1], sd))
    return np.minimum(*sizes)


def _tell(frame: pd.DataFrame, deviation: np.ndarray, z: float) -> None:
    gap, noise = frame["gap"].to_numpy(), frame["noise"].to_numpy()
    frame["apart"] = np.abs(gap) > z * np.sqrt(deviation**2 + noise**2)
    with np.errstate(divide="ignore"):
        needed = (z * noise) ** 2 / np.maximum(gap**2 - (z * deviation) ** 2, 0.0)
    frame["runs"] = np.where(np.isfinite(needed), np.floor(needed) + 1, np.inf)


def _apart_from(frame: pd.DataFrame, along: str) -> float:
    """The smallest value beyond the last at which one run would not tell; NaN where it never does."""
    short = np.flatnonzero(~frame["apart"].to_numpy())
    after = 0 if not len(short) else int(short[-1]) + 1
    return float(frame[along].iloc[after]) if after < len(frame) else float("nan")
