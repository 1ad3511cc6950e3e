"""Covariance of the parameters by the sandwich of a smoothed density, and what it may be believed for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.doubts import doubts_of_normal, uneven_noise
from scalelaw.fit.quantity import Quantity, column
from scalelaw.fit.reopened import Reopened
from scalelaw.fit.scale import Scale, smoothed_scale

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

_SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class Covariance:
    """Covariance of the fitted parameters, and where it is valid.

    Attributes
    ----------
    names : tuple of str
        All parameters of the law; fixed ones and those at a bound have variance 0.
    matrix : array of shape (parameters, parameters)
        In the units of the parameters, for small changes of them.
    dof : int
        Runs minus free parameters: intervals use Student's t with so many degrees of freedom.
    robust : bool
        Whether the noise may differ from run to run.
    label : str
        What it assumes.
    doubts : tuple of str
        Why not to believe it here; empty where nothing speaks against it.
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    dof: int
    robust: bool
    label: str
    doubts: tuple[str, ...]
    coordinates: np.ndarray
    reopened: Reopened

    @property
    def valid(self) -> bool:
        return not self.doubts

    @property
    def frame(self) -> pd.DataFrame:
        """The covariance as a frame, parameters by parameters."""
        import pandas as pd

        return pd.DataFrame(self.matrix, index=list(self.names), columns=list(self.names))

    @property
    def errors(self) -> pd.Series:
        """Standard error of every parameter."""
        import pandas as pd

        return pd.Series(np.sqrt(np.diag(self.matrix)), index=pd.Index(self.names, name="parameter"), name="error")

    @property
    def correlations(self) -> pd.DataFrame:
        """Correlations; NaN with a parameter that does not vary."""
        import pandas as pd

        errors = np.sqrt(np.diag(self.matrix))
        with np.errstate(invalid="ignore"):
            return pd.DataFrame(
                self.matrix / np.outer(errors, errors), index=list(self.names), columns=list(self.names)
            )

    def deviation(self, quantity: Quantity) -> float:
        """Standard error of a quantity in its own scale (its logarithm if positive), by the delta method."""
        gradient = self.reopened.gradient(quantity, self.reopened.optimum[None])[0]
        return float(np.sqrt(max(gradient @ self.coordinates @ gradient, 0.0)))

    def ends(self, quantity: Quantity, level: float = 0.95) -> tuple[float, float]:
        """Ends of an interval: Student's t times the standard error, in the quantity's own scale."""
        from scipy.special import stdtrit

        middle = self.reopened.values(quantity, self.reopened.optimum[None])
        half = stdtrit(self.dof, (1 + level) / 2) * self.deviation(quantity)
        low, high = quantity.unscaled(np.concatenate([middle - half, middle + half]))
        return float(low), float(high)


def covariance(fit: Fit, *, robust: bool = False) -> Covariance:
    """Covariance of the parameters.

        cov = s^2 / mean psi' (J'J)^-1,    s^2 as in `scalelaw.fit.scale`

    with J the slopes of the residuals. Huber's own Hessian would count only the few runs within delta; the smoothed
    one is right to a few per cent for some hundred runs with noise of one size, and too small for a few dozen.

    Parameters
    ----------
    fit : Fit
    robust : bool
        A' = sum psi'_i J_i J_i' and sum psi_i^2 J_i J_i' in place of the common factors: noise may then differ from
        run to run (Powell 1991), at the price of a noisier estimate.

    Returns
    -------
    Covariance

    Raises
    ------
    FitError
        If the fit did not converge, has no more runs than parameters, meets every run, or leaves a combination of
        parameters undetermined.

    Examples
    --------
    >>> import scalelaw as sl
    >>> found = covariance(sl.fit("chinchilla", sl.load("chinchilla")))
    >>> found.errors.round(3).to_dict()["alpha"], found.valid
    (0.008, False)
    """
    reopened = Reopened.of(fit)
    free = np.flatnonzero(~reopened.held)
    scale = smoothed_scale(reopened.problem, reopened.residuals, len(free))
    gradients = _parameter_gradients(reopened)
    plain, allowing = (_coordinates(reopened, scale, free, robust=each) for each in (False, True))
    matrices = [gradients @ each @ gradients.T for each in (plain, allowing)]
    doubts = doubts_of_normal(fit, scale.dof)
    if not robust and not doubts:
        doubts = uneven_noise(fit, *matrices)
    return Covariance(
        names=fit.law.parameters,
        matrix=matrices[robust],
        dof=scale.dof,
        robust=robust,
        label=_label(fit, robust=robust),
        doubts=doubts,
        coordinates=allowing if robust else plain,
        reopened=reopened,
    )


def _coordinates(reopened: Reopened, scale: Scale, free: np.ndarray, *, robust: bool) -> np.ndarray:
    """Covariance of the solver's coordinates (p, p), 0 for those at a bound."""
    fit = reopened.fit
    weights = np.ones(fit.rows) if fit.weights is None else fit.weights
    slopes = reopened.slopes[:, free]
    if robust:
        bread = _product(slopes, weights * scale.curvatures)
        meat = _product(slopes, weights**2 * scale.psi**2) * int((weights > 0).sum()) / scale.dof
    else:
        bread = scale.curvature * _product(slopes, weights)
        meat = scale.score * _product(slopes, weights**2) * weights.sum() / (weights**2).sum()
    inverse = _inverse(bread, [reopened.reduced.law.parameters[j] for j in free])
    coordinates = np.zeros((len(reopened.optimum),) * 2)
    coordinates[np.ix_(free, free)] = inverse @ meat @ inverse
    return coordinates


def _product(slopes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (slopes * weights[:, None]).T @ slopes


def _inverse(bread: np.ndarray, names: list[str]) -> np.ndarray:
    diagonal = np.diag(bread)
    if (diagonal > 0).all():
        size = 1 / np.sqrt(diagonal)
        scaled = bread * np.outer(size, size)
        values, vectors = np.linalg.eigh(scaled)
        if values[0] > _SINGULAR * values[-1]:
            return np.linalg.inv(scaled) * np.outer(size, size)
        flat = np.abs(vectors[:, 0])
        names = [name for name, weight in zip(names, flat, strict=True) if weight > 0.05 * flat.max()]
    else:
        names = [name for name, each in zip(names, diagonal, strict=True) if not each > 0]
    raise FitError(
        f"these runs do not determine {' and '.join(names)}, so there is no covariance; add runs, or fix one of them"
    )


def _parameter_gradients(reopened: Reopened) -> np.ndarray:
    """Derivative of every parameter of the law in each coordinate at the optimum, shape (parameters, p)."""
    optimum = reopened.optimum[None]
    names = reopened.fit.law.parameters
    return np.concatenate(
        [reopened.gradient(Quantity(name, partial(column, position=j)), optimum) for j, name in enumerate(names)]
    )


def _label(fit: Fit, *, robust: bool) -> str:
    noise = "independent noise that may differ from run to run" if robust else "independent noise of one size"
    kind = "least squares" if fit.settings.loss == "squared" else "smoothed-density sandwich"
    return f"{kind}: valid for many runs with {noise} and a law that is nearly linear over the interval"
