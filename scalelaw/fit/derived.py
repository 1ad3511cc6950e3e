"""One interval for any derived number: by bootstrap draws, by its profile, or by the covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.doubts import doubts_of_draws, doubts_of_profile
from scalelaw.fit.ends import widened
from scalelaw.fit.intervals import KINDS, WITHOUT_DRAWS, check_kind
from scalelaw.fit.noise import seed_noise
from scalelaw.fit.predict import parameter_sets
from scalelaw.fit.quantity import Given, Quantity, as_quantity

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

KIND_WORDS = {
    "bc": "bias-corrected percentile",
    "percentile": "percentile",
    "normal": "normal",
    "profile": "profile likelihood with the smoothed scale",
    "sandwich": "smoothed-density sandwich, for noise of one size",
    "robust": "smoothed-density sandwich, for noise that may differ from run to run",
}
_NOISE_SEED = 20_250_515
"""New runs are drawn from one seed, so that a prediction interval is the same whenever it is asked for."""


@dataclass(frozen=True)
class Interval:
    """A derived number and its interval.

    Attributes
    ----------
    name : str
    value, low, high : float
        The number at the fitted parameters, and the ends.
    level : float
    kind : str
    how : str
        How the interval was made, in words.
    doubts : tuple of str
        Why not to believe it, as far as the kind can tell.
    """

    name: str
    value: float
    low: float
    high: float
    level: float
    kind: str
    how: str
    doubts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} = {self.value:.6g}, {self.low:.6g} to {self.high:.6g} ({100 * self.level:g} %, {self.how})"


def has_intervals(fit: Fit, kind: str) -> bool:
    """Whether a fit can give intervals of a kind: it has draws, or the kind needs none."""
    return fit.draws is not None or kind in WITHOUT_DRAWS


def interval_of(fit: Fit, quantity: Given, *, level: float = 0.95, kind: str = "bc", new_run: bool = False) -> Interval:
    """Interval of a parameter or of anything that follows from the parameters.

    Parameters
    ----------
    fit : Fit
    quantity : str, Quantity or callable
        The name of a parameter, one of `scalelaw.analysis.quantities`, or a function of parameter sets
        (sets, parameters) that gives values (sets,).
    level : float
    kind : {"bc", "percentile", "normal", "profile", "sandwich", "robust"}
        The first three need bootstrap draws. ``"profile"``: see `scalelaw.fit.profile.profile`. ``"sandwich"`` and
        ``"robust"``: Student's t times the standard error by `scalelaw.fit.covariance.covariance`, for the logarithm
        of a quantity that is positive.
    new_run : bool
        Of a predicted loss: an interval for the loss of a new run, with the noise of `scalelaw.fit.noise.seed_noise`.

    Returns
    -------
    Interval

    Raises
    ------
    FitError
        If an option means nothing, the fit has no draws and the kind needs them, or a new run is asked of what is no
        loss.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> found = interval_of(pile, "k", kind="profile")
    >>> print(f"{found.low:.3f} to {found.high:.3f}")
    0.313 to 0.358
    """
    check_kind(level, kind)
    quantity = as_quantity(fit, quantity)
    if new_run and not quantity.predicts:
        raise FitError(f"{quantity.name} is no loss, so a new run has no noise about it; leave new_run out")
    value = float(quantity(parameter_sets(fit, draws=False))[0])
    if kind in KINDS:
        low, high, how, doubts = _by_draws(fit, quantity, value, level, kind, new_run=new_run)
    elif kind == "profile":
        low, high, how, doubts = _by_profile(fit, quantity, level)
    else:
        low, high, how, doubts = _by_covariance(fit, quantity, level, robust=kind == "robust")
    if new_run and kind not in KINDS:
        low, high = widened(fit, np.array([value]), np.array([[low], [high]]), level)[:, 0].tolist()
    if new_run:
        how += f", for a new run with {seed_noise(fit).describe()}"
    return Interval(quantity.name, value, low, high, level, kind, how, doubts)


Ends = tuple[float, float, str, tuple[str, ...]]


def _by_draws(fit: Fit, quantity: Quantity, value: float, level: float, kind: str, *, new_run: bool) -> Ends:
    draws = fit.require_draws()
    values = quantity(draws.theta)
    if new_run:
        values = quantity.unscaled(quantity.scaled(values) + new_errors(fit, len(values)))
    low, high = draws.interval(values, value, level=level, kind=kind)
    return float(low), float(high), f"{KIND_WORDS[kind]}; {draws.describe()}", doubts_of_draws(fit)


def _by_profile(fit: Fit, quantity: Quantity, level: float) -> Ends:
    from scalelaw.fit.profile import curves

    curve = curves(fit, (quantity,), levels=(level,))[0]
    return *curve.interval(level), KIND_WORDS["profile"], doubts_of_profile(fit, curve.dof)


def _by_covariance(fit: Fit, quantity: Quantity, level: float, *, robust: bool) -> Ends:
    from scalelaw.fit.covariance import covariance

    found = covariance(fit, robust=robust)
    return *found.ends(quantity, level), found.label, found.doubts


def new_errors(fit: Fit, count: int) -> np.ndarray:
    """Errors of new runs, shape (count,), in the space of the fit."""
    return seed_noise(fit).draws(count, np.random.default_rng(_NOISE_SEED))
