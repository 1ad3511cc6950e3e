"""The ParScale runs of which both a loss and a benchmark score are published."""

from __future__ import annotations

import pandas as pd

from scalelaw.errors import ScalelawError

SCORED = {"parscale-stack": 2, "parscale-pile": 3}
"""Table of the paper that scores the runs of each set: code after Stack-V2-Python, six general tasks after the Pile."""


def scored_runs(name: str) -> pd.DataFrame:
    """The 24 runs of a bundled ParScale set with their score.

    Parameters
    ----------
    name : {"parscale-stack", "parscale-pile"}

    Returns
    -------
    DataFrame
        The runs table with ``score`` (percent; HumanEval(+) and MBPP(+), or six lm-evaluation-harness tasks, averaged)
        and ``metric``.

    Raises
    ------
    ScalelawError
        If the set has no scores.

    Examples
    --------
    >>> scored_runs("parscale-stack")[["P", "loss", "score"]].head(2)
       P    loss  score
    0  1  1.1722   26.7
    1  1  1.1496   28.4
    """
    from scalelaw.datasets import load

    if name not in SCORED:
        raise ScalelawError(f"no scores are published for the runs of {name!r}; there are for {', '.join(SCORED)}")
    scores = load("parscale-downstream")
    part = scores[scores["table"] == SCORED[name]][["N", "P", "value", "metric"]]
    part = part.assign(N=part["N"].astype("int64"), P=part["P"].astype("int32"))
    return load(name).merge(part, on=["N", "P"], validate="one_to_one").rename(columns={"value": "score"})
