"""Synthetic learning curves: checkpoints of runs with a known truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scalelaw.errors import LawError
from scalelaw.laws.law import Law
from scalelaw.laws.simulate import Noise, errors, noise_of, replicated, with_streams, wrong


def simulate_curves(
    law: Law,
    params: Mapping[str, float],
    design: Mapping[str, Any],
    *,
    checkpoints: int = 20,
    first: float = 0.01,
    noise: Noise = 0.01,
    within: float = 0.0,
    memory: float = 0.0,
    warmup: float = 0.0,
    excess: float = 1.0,
    batch: float = 2.0**20,
    kind: str = "gaussian",
    df: float = 3.0,
    outliers: float = 0.0,
    seeds: int | None = None,
    rng: np.random.Generator | int,
) -> dict[str, np.ndarray]:
    """Learning curves of a law at known parameters, in which the checkpoints of a run share its error.

        log loss = log law(D) + noise * error(run) + within * error(checkpoint) + excess * exp(-D / warm-up tokens)

    Parameters
    ----------
    law, params, design, noise, kind, df, outliers, seeds, rng
        As for `simulate`; each row of the design is a run, and its ``D`` the tokens at its end. Noise and outliers are
        of whole runs.
    checkpoints : int
        Checkpoints of a run, geometrically spaced in tokens, the last at the end.
    first : float
        Tokens at the first checkpoint, as a share of the run's.
    within : float
        Standard deviation of the error of log loss of one checkpoint.
    memory : float
        Correlation of that error between neighbouring checkpoints, from 0 to below 1.
    warmup : float
        Tokens over which the loss comes down to the law, as a share of the run's; 0 for none.
    excess : float
        Log loss above the law at the start, if there is a warm-up.
    batch : float
        Tokens of a step, for the column ``step``.

    Returns
    -------
    dict of str to array
        The columns of ``design`` with ``D`` at each checkpoint (and ``C`` in proportion where there is one), ``run``,
        ``step`` and ``loss``.

    Raises
    ------
    LawError
        If the law does not read D, or an option means nothing.

    Examples
    --------
    >>> from scalelaw.laws import chinchilla, simulate_curves
    >>> truth = {"E": 1.8, "A": 480, "B": 2100, "alpha": 0.35, "beta": 0.37}
    >>> curves = simulate_curves(chinchilla, truth, {"N": [1e8, 1e9], "D": 2e10}, checkpoints=3, rng=0)
    >>> curves["run"].tolist(), curves["step"].tolist()
    (['run0', 'run0', 'run0', 'run1', 'run1', 'run1'], [191, 1907, 19073, 191, 1907, 19073])
    """
    _check(law, checkpoints, first, within, memory, warmup, excess, batch)
    rng = np.random.default_rng(rng)
    ends = replicated(with_streams(law, design), seeds)
    if "D" not in ends:
        raise LawError("learning curves need the tokens at the end of each run: a column D in the design")
    runs = len(ends["D"])
    shared = noise_of(noise, ends) * errors(kind, df, (runs,), rng) + wrong(outliers, (runs,), rng)
    share = np.geomspace(first, 1.0, checkpoints) if checkpoints > 1 else np.ones(1)
    columns = {name: np.repeat(values, checkpoints) for name, values in ends.items()}
    along = np.tile(share, runs)
    for name in ("D", "C"):
        if name in columns:
            columns[name] = columns[name].astype(float) * along
    columns["run"] = np.repeat([f"run{j}" for j in range(runs)], checkpoints)
    columns["step"] = np.maximum(np.rint(columns["D"] / batch), 1).astype(np.int64)
    log_loss = np.log(law.predict(columns, params)) + np.repeat(shared, checkpoints)
    log_loss += within * _correlated(errors(kind, df, (runs, checkpoints), rng), memory).ravel()
    if warmup > 0:
        log_loss += excess * np.exp(-along / warmup)
    return columns | {"loss": np.exp(log_loss)}


def _correlated(error: np.ndarray, memory: float) -> np.ndarray:
    """Errors of the same spread of which each is ``memory`` correlated with the one before, along the last axis."""
    for j in range(1, error.shape[-1]):
        error[..., j] = memory * error[..., j - 1] + np.sqrt(1 - memory**2) * error[..., j]
    return error


def _check(
    law: Law,
    checkpoints: int,
    first: float,
    within: float,
    memory: float,
    warmup: float,
    excess: float,
    batch: float,
) -> None:
    if "D" not in law.columns:
        raise LawError(f"learning curves need a law in D, and law {law.name!r} reads {', '.join(law.columns)}")
    for wrong_, what in (
        (checkpoints < 1, f"checkpoints is 1 or more, not {checkpoints}"),
        (not 0 < first <= 1, f"first is a share of the run's tokens above 0, not {first}"),
        (not within >= 0, f"within, a standard deviation, is 0 or more, not {within}"),
        (not 0 <= memory < 1, f"memory is a correlation from 0 to below 1, not {memory}"),
        (not warmup >= 0, f"warmup is a share of the run's tokens, 0 or more, not {warmup}"),
        (not excess >= 0, f"excess is a log loss of 0 or more, not {excess}"),
        (not batch >= 1, f"batch is a number of tokens of 1 or more, not {batch}"),
    ):
        if wrong_:
            raise LawError(what)
