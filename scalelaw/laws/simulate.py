"""Synthetic runs with a known truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from scalelaw.errors import LawError
from scalelaw.laws.law import Law


def simulate(
    law: Law,
    params: Mapping[str, float],
    design: Mapping[str, Any],
    *,
    noise: float = 0.01,
    kind: Literal["gaussian", "t3"] = "gaussian",
    outliers: float = 0.0,
    rng: np.random.Generator | int,
) -> dict[str, np.ndarray]:
    """Runs of a law at known parameters: loss = law * exp(noise * error).

    For tests of a method, and to see before training what a design of runs would tell. Also `scalelaw.laws.simulate`.

    Parameters
    ----------
    law : Law
    params : mapping of str to float
        The truth.
    design : mapping of str to array
        Columns, which broadcast to shape (rows,); all are kept, the law's must be there.
    noise : float
        Standard deviation of the error of log loss; for ``t3`` the scale of the t distribution.
    kind : {"gaussian", "t3"}
        Distribution of the error: Gaussian, or Student's t with 3 degrees of freedom.
    outliers : float
        Share of runs, each chosen independently, that went wrong: an exponential error of mean 0.15 is added to their
        log loss.
    rng : numpy Generator or int
        Source of the errors, or its seed.

    Returns
    -------
    dict of str to array
        The columns of ``design``, each of shape (rows,), and ``loss``.

    Raises
    ------
    LawError
        If a column or parameter of the law is missing, noise is negative, outliers is no share or kind is unknown.

    Examples
    --------
    >>> from scalelaw.laws import power_n, simulate
    >>> runs = simulate(power_n, {"E": 1.7, "A": 400, "alpha": 0.34}, {"N": [1e8, 1e9, 1e10]}, noise=0.0, rng=0)
    >>> runs["loss"].round(3).tolist()
    [2.462, 2.048, 1.859]
    """
    if noise < 0.0 or not 0.0 <= outliers <= 1.0:
        raise LawError(f"noise must be 0 or more and outliers a share from 0 to 1, not {noise} and {outliers}")
    rng = np.random.default_rng(rng)
    columns = dict(zip(design, np.broadcast_arrays(*map(np.atleast_1d, design.values())), strict=True))
    truth = law.predict(columns, params)
    match kind:
        case "gaussian":
            error = noise * rng.standard_normal(truth.shape)
        case "t3":
            error = noise * rng.standard_t(3, truth.shape)
        case _:
            raise LawError(f"kind is 'gaussian' or 't3', not {kind!r}")
    wrong = rng.random(truth.shape) < outliers
    error = error + np.where(wrong, rng.exponential(0.15, truth.shape), 0.0)
    return {name: values.copy() for name, values in columns.items()} | {"loss": truth * np.exp(error)}
