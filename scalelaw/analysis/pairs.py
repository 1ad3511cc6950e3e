"""What one column does to the loss, from runs that differ in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalelaw.errors import RunsError, ScalelawError

ALIKE = ("N_backbone", "D", "seed", "dataset", "tokenizer")
"""Columns that runs of a pair share by default, where the table has them."""


def paired_differences(
    runs: pd.DataFrame,
    *,
    across: str = "P",
    base: Any = 1,
    alike: Sequence[str] | None = None,
    by: Sequence[str] = (),
    level: float = 0.95,
) -> pd.DataFrame:
    """Mean difference of loss to the runs at ``base``, over pairs of runs that are alike otherwise.

    Runs of one seed that see the same text in the same order share most of their noise, which the difference is free
    of; its standard error is that of a mean of n differences, s / sqrt(n), and its interval Student's with n - 1
    degrees of freedom.

    Parameters
    ----------
    runs : DataFrame
        A runs table.
    across : str
        The column that differs within a pair.
    base : value
        Its value that the others are compared with.
    alike : sequence of str, optional
        Columns that the runs of a pair share; those of ``ALIKE`` that the table has, if not given.
    by : sequence of str
        Columns whose values are reported apart, such as ``["N_backbone"]``; all pairs together by default.
    level : float
        Of the interval.

    Returns
    -------
    DataFrame
        ``by``, ``across``, ``pairs`` (their number), ``difference``, ``se``, ``low``, ``high``, in nats per token;
        with one pair the last three are NaN.

    Raises
    ------
    RunsError
        If a column is missing, two runs share everything, or nothing is paired.
    ScalelawError
        If the level is not between 0 and 1.

    Examples
    --------
    >>> runs = pd.DataFrame({"seed": [0, 0, 1, 1], "P": [1, 2, 1, 2], "loss": [1.50, 1.48, 1.53, 1.50]})
    >>> paired_differences(runs).round(3)
       P  pairs  difference     se    low   high
    0  2      2      -0.025  0.005 -0.089  0.039
    """
    if not 0 < level < 1:
        raise ScalelawError(f"the level of an interval lies between 0 and 1, as 0.95 does, not {level!r}")
    key = [name for name in ALIKE if name in runs and name != across] if alike is None else list(alike)
    if missing := [name for name in (across, "loss", *key, *by) if name not in runs]:
        raise RunsError([f"the runs have no column {missing[0]!r}; they have {', '.join(map(str, runs.columns))}"])
    if outside := [name for name in by if name not in key]:
        raise RunsError([f"pairs differ in {outside[0]}, so it cannot tell them apart; name it in alike as well"])
    _check_apart(runs, [*key, across])
    at_base = runs[across] == base
    if not at_base.any():
        raise RunsError(
            [f"no run has {across} = {base}; there are {', '.join(map(str, sorted(runs[across].unique())))}"]
        )
    partners = runs.loc[at_base, [*key, "loss"]].rename(columns={"loss": "_base"})
    paired = runs[~at_base].merge(partners, on=key or None, how="inner" if key else "cross")
    if paired.empty:
        raise RunsError([f"no two runs share {', '.join(key)} and differ in {across}"])
    return _summary(paired.assign(difference=paired["loss"] - paired["_base"]), [*by, across], level)


def _check_apart(runs: pd.DataFrame, columns: list[str]) -> None:
    """Refuse two runs that could be the same partner."""
    doubled = runs[runs.duplicated(columns, keep=False)]
    if len(doubled):
        at = ", ".join(f"{name} {doubled[name].iloc[0]}" for name in columns)
        raise RunsError(
            [f"{len(doubled)} runs share {at} with another; name in alike what tells them apart, or choose rows"]
        )


def _summary(paired: pd.DataFrame, by: list[str], level: float) -> pd.DataFrame:
    from scipy.stats import t

    frame = paired.groupby(by)["difference"].agg(pairs="count", difference="mean", se="sem").reset_index()
    half = t.ppf((1 + level) / 2, np.maximum(frame["pairs"] - 1, 1)) * frame["se"]
    return frame.assign(low=frame["difference"] - half, high=frame["difference"] + half)
