"""The noise of one training run: by runs that differ in their seed alone where there are some, else by residuals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.laws.law import Law

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit
    from scalelaw.fit.run_effects import RunNoise

REPLICATES, RESIDUALS = "replicates", "residuals"
_MEASURED = frozenset(
    {"loss", "loss_se", "bpb", "train_loss", "seconds", "seed", "run", "name", "source", "device", "notes"}
)
"""Columns in which two runs may differ that are the same run with another seed."""


@dataclass(frozen=True)
class Noise:
    """The standard deviation of one run about its mean.

    Attributes
    ----------
    sd : float
        Of log loss, or of loss where the fit's residuals are raw.
    dof : int
        Degrees of freedom it was estimated with.
    source : {"replicates", "residuals"}
        Runs with the same columns and another seed: the noise of the seed alone, pooled over their cells. Residuals:
        the law's misfit is in it too.
    log : bool
        Whether ``sd`` is that of log loss.
    cells, runs : int
        Cells that hold replicates and the runs in them; for residuals 0 and the runs fitted.
    """

    sd: float
    dof: int
    source: str
    log: bool
    cells: int
    runs: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Ends of an interval for ``sd``, by the chi-squared distribution of a variance of Gaussian noise."""
        from scipy.special import chdtri

        tail = (1 - level) / 2
        low, high = (self.sd * (self.dof / chdtri(self.dof, each)) ** 0.5 for each in (tail, 1 - tail))
        return float(low), float(high)

    def draws(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Errors of new runs, shape (count,): evenly spaced quantiles of Student's t times ``sd``, in random order.

        Student's, since ``sd`` itself is an estimate.
        """
        from scipy.special import stdtrit

        quantiles: np.ndarray = stdtrit(self.dof, (np.arange(count) + 0.5) / count)
        return self.sd * rng.permutation(quantiles)

    def describe(self) -> str:
        """Size and source in words."""
        size = f"noise {self.sd:.3g} of {'log ' if self.log else ''}loss"
        freedom = f"{self.dof} degree{'s' * (self.dof > 1)} of freedom"
        if self.source == REPLICATES:
            return f"{size} by {self.runs} replicates in {self.cells} cell{'s' * (self.cells > 1)}, {freedom}"
        return f"{size} by the residuals of {self.runs} runs, {freedom}, as there are no replicate seeds"

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("sd", "dof", "source", "log", "cells", "runs")}


def replicate_noise(table: Mapping[str, Any], law: Law, *, log: bool = True) -> Noise | None:
    """Noise by runs that agree in every column but what is measured and their seed; None where there are none.

        sd^2 = sum over cells, sum_i (y_i - mean of the cell)^2 / sum over cells (runs - 1)

    Parameters
    ----------
    table : mapping of str to array
        The whole runs table: runs that differ in another column, such as a learning rate, are no replicates.
    law : Law
        Its columns are looked at first.
    log : bool
        Noise of log loss, or of loss.

    Examples
    --------
    >>> from scalelaw.laws import power_n
    >>> runs = {"N": [1e8, 1e8, 1e9, 1e9], "seed": [0, 1, 0, 1], "loss": [3.00, 3.02, 2.50, 2.51]}
    >>> noise = replicate_noise(runs, power_n, log=False)
    >>> round(noise.sd, 4), noise.dof
    (0.0112, 2)
    """
    loss = np.asarray(table["loss"], dtype=float)
    y = np.log(loss) if log else loss
    used = np.stack([np.asarray(table[name], dtype=float) for name in law.columns], 1)
    cells = np.unique(used, axis=0, return_inverse=True)[1].ravel()
    if cells.max() + 1 == len(y):
        return None
    for name in table:
        if name not in law.columns and name not in _MEASURED:
            cells = _split(cells, [str(value) for value in table[name]])
    for name in ("seed", "run"):  # a row written twice is no replicate, nor is another one of the same run
        if name in table:
            y, cells, table = _once(y, cells, table, name)
    counts = np.bincount(cells)
    dof = int((counts - 1).sum())
    if dof < 1:
        return None
    error = y - (np.bincount(cells, y) / counts)[cells]
    sd = float(np.sqrt((error**2).sum() / dof))
    several = counts[counts > 1]
    return Noise(sd, dof, REPLICATES, log, len(several), int(several.sum())) if sd > 0 else None


def _once(
    y: np.ndarray, cells: np.ndarray, table: Mapping[str, Any], name: str
) -> tuple[np.ndarray, np.ndarray, Mapping[str, Any]]:
    """The first row of every cell for each value of a column."""
    first = np.unique(_split(cells, [str(value) for value in table[name]]), return_index=True)[1]
    kept = {each: np.asarray(values)[first] for each, values in table.items()}
    return y[first], np.unique(cells[first], return_inverse=True)[1], kept


def _split(cells: np.ndarray, labels: list[str]) -> np.ndarray:
    """Cells divided by a further column."""
    values = np.unique(labels, return_inverse=True)[1]
    return np.unique(cells * (int(values.max()) + 1) + values, return_inverse=True)[1]


def residual_noise(residuals: np.ndarray, parameters: int, weights: np.ndarray | None = None, *, log: bool) -> Noise:
    """Noise by residuals, sd^2 = sum_i w_i r_i^2 / (mean w (n - p)).

    Raises
    ------
    FitError
        If there are no more runs than parameters.
    """
    weights = np.ones(len(residuals)) if weights is None else weights
    used = weights > 0
    dof = int(used.sum()) - parameters
    if dof < 1:
        raise FitError(
            f"{int(used.sum())} runs for {parameters} parameters leave no residual to tell the noise from; "
            "add runs, or replicate seeds"
        )
    variance = float((weights * residuals**2).sum() / (weights[used].mean() * dof))
    return Noise(variance**0.5, dof, RESIDUALS, log, 0, int(used.sum()))


def noise_of_runs(shared: RunNoise, runs: int, parameters: int, *, log: bool) -> Noise:
    """Noise by the residuals of runs that have several rows each, with at most as many degrees of freedom as runs.

    By all rows alike it would come out too small, since the fit is drawn to what the rows of a run share.
    """
    return Noise(shared.total, max(runs - parameters, 1), RESIDUALS, log, 0, runs)


def seed_noise(fit: Fit) -> Noise:
    """Noise of one run about the law: by the replicates in the table that was fitted, else by the residuals.

    Where rows are checkpoints of runs it is that of a row: what its run shares, and its own.

    Examples
    --------
    >>> import scalelaw as sl
    >>> print(seed_noise(sl.fit("parscale", sl.load("parscale-pile"))).describe())
    noise 0.00199 of log loss by the residuals of 24 runs, 20 degrees of freedom, as there are no replicate seeds
    """
    return scatter(fit) if fit.noise is None else fit.noise


def scatter(fit: Fit) -> Noise:
    """Noise by the residuals, whether there are replicates or not: the law's misfit is in it.

    Where replicates agree more closely than they follow the law, as the reruns of ``olmo-ladder`` do, it is the misfit
    that makes the parameters uncertain.

    Examples
    --------
    >>> import scalelaw as sl
    >>> ladder = sl.fit("chinchilla", sl.load("olmo-ladder")[["N", "D", "loss"]])
    >>> print(f"{scatter(ladder).sd:.2g} about the law, {seed_noise(ladder).sd:.2g} of seeds")
    0.0059 about the law, 0.00016 of seeds
    """
    residuals = fit.settings.residuals(fit.predicted, np.asarray(fit.columns["loss"], dtype=float))
    plain = residual_noise(residuals, len(fit.free), fit.weights, log=fit.settings.log)
    if fit.checkpoints_of is None:
        return plain
    from scalelaw.fit.reopened import Reopened
    from scalelaw.fit.resampling import numbered
    from scalelaw.fit.resampling.losses import noise_within_runs

    reopened = Reopened.of(fit)
    shared = noise_within_runs(reopened.problem, reopened.optimum, numbered(fit.checkpoints_of))
    return noise_of_runs(shared, fit.independent_runs, len(fit.free), log=fit.settings.log)
