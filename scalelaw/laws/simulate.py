"""Synthetic runs with a known truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scalelaw.errors import LawError
from scalelaw.laws.expression import Expression
from scalelaw.laws.law import Law

KINDS = ("gaussian", "t", "t3")
Noise = float | str | np.ndarray | Callable[[Mapping[str, np.ndarray]], Any]


def simulate(
    law: Law,
    params: Mapping[str, float],
    design: Mapping[str, Any],
    *,
    noise: Noise = 0.01,
    kind: str = "gaussian",
    df: float = 3.0,
    outliers: float = 0.0,
    seeds: int | None = None,
    rng: np.random.Generator | int,
) -> dict[str, np.ndarray]:
    """Runs of a law at known parameters: loss = law * exp(noise * error).

    For tests of a method, and to see before training what a design of runs would tell. `simulate_curves` gives learning
    curves instead of ends of training. Also `scalelaw.laws.simulate`.

    Parameters
    ----------
    law : Law
    params : mapping of str to float
        The truth.
    design : mapping of str to array
        Columns, which broadcast to shape (rows,); all are kept, the law's must be there, but P may be absent: then 1.
    noise : float, array of shape (rows,), str or callable
        Standard deviation of the error of log loss; for a t distribution its scale. One for each run, a formula of the
        columns such as ``"0.01 * (1e8 / N)^0.3"`` or a function of the table where it is not the same everywhere.
    kind : {"gaussian", "t", "t3"}
        Distribution of the error: Gaussian, or Student's t with ``df`` degrees of freedom, or with 3.
    df : float
        Degrees of freedom of ``t``.
    outliers : float
        Share of runs, each chosen independently, that went wrong: an exponential error of mean 0.15 is added to their
        log loss.
    seeds : int, optional
        Replicates: every row of the design so many times, told apart by a column ``seed`` from 0.
    rng : numpy Generator or int
        Source of the errors, or its seed.

    Returns
    -------
    dict of str to array
        The columns of ``design``, each of shape (rows,), ``seed`` if asked for, and ``loss``.

    Raises
    ------
    LawError
        If a column or parameter of the law is missing, noise is negative or cannot be read, outliers is no share, seeds
        is below 1, or kind is unknown.

    Examples
    --------
    >>> from scalelaw.laws import power_n, simulate
    >>> runs = simulate(power_n, {"E": 1.7, "A": 400, "alpha": 0.34}, {"N": [1e8, 1e9, 1e10]}, noise=0.0, rng=0)
    >>> runs["loss"].round(3).tolist()
    [2.462, 2.048, 1.859]
    """
    rng = np.random.default_rng(rng)
    columns = replicated(with_streams(law, design), seeds)
    truth = law.predict(columns, params)
    error = noise_of(noise, columns) * errors(kind, df, truth.shape, rng) + wrong(outliers, truth.shape, rng)
    return {name: values.copy() for name, values in columns.items()} | {"loss": truth * np.exp(error)}


def with_streams(law: Law, design: Mapping[str, Any]) -> Mapping[str, Any]:
    """The design with P = 1 where the law reads P and the design is silent, as in every runs table."""
    return {**design, "P": 1} if design and "P" in law.columns and "P" not in design else design


def replicated(design: Mapping[str, Any], seeds: int | None) -> dict[str, np.ndarray]:
    """The design's columns at one length, every row once for each seed.

    Raises
    ------
    LawError
        If there are no columns, they do not fit together, or seeds is below 1 or stands beside a column of that name.
    """
    if not design:
        raise LawError("a design has no columns; give those of the law, as in {'N': [1e8, 1e9]}")
    try:
        arrays = np.broadcast_arrays(*map(np.atleast_1d, design.values()))
    except ValueError:
        lengths = ", ".join(f"{name} {np.size(values)}" for name, values in design.items())
        raise LawError(f"the columns of a design have one length, or one value; these have {lengths}") from None
    columns = dict(zip(design, arrays, strict=True))
    if seeds is None:
        return columns
    if seeds < 1 or "seed" in columns:
        raise LawError(
            f"seeds is a number of replicates of 1 or more, for a design without a column 'seed', not {seeds}"
        )
    rows = len(arrays[0])
    repeated = {name: np.repeat(values, seeds) for name, values in columns.items()}
    return repeated | {"seed": np.tile(np.arange(seeds), rows)}


def noise_of(noise: Noise, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Standard deviation of log loss, one value or of shape (rows,).

    Raises
    ------
    LawError
        If it is negative, not finite, or a formula that reads what is no column.
    """
    rows = np.shape(next(iter(columns.values())))
    given: Any = noise
    if isinstance(noise, str):
        formula = Expression(noise)
        missing = [name for name in formula.names if name not in columns]
        if missing:
            raise LawError(f"noise reads {', '.join(missing)}, and the design has {', '.join(columns)}")
        given = formula(**{name: np.asarray(columns[name], dtype=float) for name in formula.names})
    elif callable(noise):
        given = noise(columns)
    values = np.asarray(given, dtype=float)
    if values.shape not in ((), rows) or not np.isfinite(values).all() or (values < 0).any():
        raise LawError(f"noise must be 0 or more, one value or one for each run, not {given!r}")
    return values


def errors(kind: str, df: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Errors of scale 1.

    Raises
    ------
    LawError
        If the kind is unknown or the degrees of freedom are not above 0.
    """
    if kind not in KINDS:
        raise LawError(f"kind is one of {', '.join(map(repr, KINDS))}, not {kind!r}")
    if not df > 0:
        raise LawError(f"df, the degrees of freedom of t, is above 0, not {df}")
    if kind == "gaussian":
        return rng.standard_normal(shape)
    return rng.standard_t(3 if kind == "t3" else df, shape)


def wrong(share: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """What is added to the log loss of runs that went wrong, 0 for the others.

    Raises
    ------
    LawError
        If the share is none.
    """
    if not 0.0 <= share <= 1.0:
        raise LawError(f"outliers must be a share from 0 to 1, not {share}")
    chosen = rng.random(shape) < share
    return np.where(chosen, rng.exponential(0.15, shape), 0.0)
