"""What P streams buy on benchmarks at equal parameters, from the published tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from scalelaw.errors import ScalelawError

GROUPS: Mapping[str, tuple[str, ...]] = {
    "general": ("MMLU", "WinoGrande", "HellaSwag", "OpenBookQA", "PiQA", "ARC"),
    "mathematics": ("GSM8K", "GSM8K with chain of thought", "Minerva mathematics"),
    "code": (
        *("HumanEval pass@1", "HumanEval pass@10", "HumanEval+ pass@1", "HumanEval+ pass@10"),
        *("MBPP pass@1", "MBPP pass@10", "MBPP+ pass@1", "MBPP+ pass@10"),
    ),
}
"""Tasks of each average in Table 4 of Chen et al. 2025, arXiv:2505.10475."""
_ADDED = 1.1


def downstream_gains(
    scores: pd.DataFrame | None = None,
    *,
    P: int = 8,
    over: int = 1,
    groups: Mapping[str, tuple[str, ...]] | None = None,
) -> pd.DataFrame:
    """Scores with P streams minus those with ``over``, everything else equal: by task and averaged over groups.

    Averages are computed from the tasks, not read off; where a table has nothing but an average, as Tables 2 and 3 of
    the paper, its metric stands for itself. There is one model a cell and no seed, so that a gain has no interval here;
    `downstream` gives intervals where losses are known.

    Parameters
    ----------
    scores : DataFrame, optional
        In long form: ``metric``, ``value`` in percent, ``P``, and whatever else tells models apart (``table``, ``N``,
        ``dataset``, ``D``); by default the bundled ``parscale-downstream``. ParScale adds prefixes and an aggregator to
        N, so that models are matched by ``N_backbone`` where there is one, and else by the N that is nearest, which may
        lie 10 % off. Several rows of one model and metric, such as those of seeds, are averaged.
    P, over : int
        Streams compared.
    groups : mapping of str to tuple of str, optional
        Tasks to average; `GROUPS` by default.

    Returns
    -------
    DataFrame
        ``table`` (where there is one), ``dataset``, ``N`` (with ``over`` streams), ``group``, ``metric`` (``average``
        for a group), ``score_over``, ``score``, ``gain`` in points and ``relative``, gain / score_over.

    Raises
    ------
    ScalelawError
        If a column is missing or no model is there with both numbers of streams.

    Examples
    --------
    >>> gains = downstream_gains()
    >>> gains[gains["metric"] == "average"][["group", "gain"]].round(1).to_string(index=False)
    '      group  gain\\n    general   2.6\\nmathematics   7.3\\n       code   4.3'
    """
    from scalelaw.datasets import load

    scores = load("parscale-downstream") if scores is None else scores
    missing = [name for name in ("metric", "value", "P") if name not in scores]
    if missing:
        raise ScalelawError(
            f"gains need the columns metric, value and P, and {', '.join(missing)} is missing; the table has "
            f"{', '.join(map(str, scores.columns))}"
        )
    paired = _paired(scores, P, over)
    if paired.empty:
        raise ScalelawError(
            f"no model in the table has both P = {over} and P = {P}, everything else equal"
            + ("; give N_backbone, by which models are matched whatever streams add to N" if "N" in scores else "")
        )
    chosen = GROUPS if groups is None else groups
    of = {task: group for group, tasks in chosen.items() for task in tasks}
    keys = [name for name in ("table", "dataset", "N") if name in paired]
    paired["group"] = paired["metric"].map(of).fillna("")
    averages = _averages(paired, keys, chosen)
    stated = paired["metric"].str.endswith(", average") & paired["group"].eq("")
    # an average that the tasks themselves give is not said twice
    repeated = stated & paired["metric"].str.removesuffix(", average").isin(set(averages["group"]))
    frame = pd.concat([averages, paired[~repeated]], ignore_index=True)
    frame["gain"] = frame["score"] - frame["score_over"]
    frame["relative"] = frame["gain"] / frame["score_over"]
    return frame[[*keys, "group", "metric", "score_over", "score", "gain", "relative"]]


def _paired(scores: pd.DataFrame, P: int, over: int) -> pd.DataFrame:
    """One row a model and metric that is there with both numbers of streams."""
    size = next((name for name in ("N_backbone", "N") if name in scores), None)
    table = scores.copy() if size is None else scores.dropna(subset=[size]).copy()
    keys = [name for name in ("table", "dataset", "D", "N_backbone", "metric") if name in table]
    for name in keys:
        if table[name].dtype.kind not in "if":
            table[name] = table[name].astype(object).where(table[name].notna(), "")
    cell = [*keys, "P", *(["N"] if "N" in table else [])]
    table = table.groupby(cell, dropna=False, sort=False)["value"].mean().reset_index()
    few, many = (table[table["P"] == streams].drop(columns="P") for streams in (over, P))
    both = few.merge(many, on=keys, suffixes=("_over", ""))
    if size == "N":
        both = _nearest(both, keys)
    names = {"value_over": "score_over", "value": "score", "N_over": "N"}
    return both.drop(columns="N", errors="ignore").rename(columns=names)


def _nearest(both: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Of all pairs of sizes the nearest ones, each size once, none further apart than prefixes and aggregator are."""
    both = both.assign(apart=np.abs(np.log(both["N"] / both["N_over"]))).sort_values("apart", kind="stable")
    near = both[both["apart"] <= np.log(_ADDED)]
    for size in ("N", "N_over"):
        near = near.drop_duplicates([*keys, size])
    return near.sort_index().drop(columns="apart")


def _averages(paired: pd.DataFrame, keys: list[str], groups: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """Mean scores of the groups all of whose tasks are there."""
    rows: list[dict[str, Any]] = []
    for values, part in paired.groupby(keys, dropna=False) if keys else [((), paired)]:
        for group, tasks in groups.items():
            found = part[part["metric"].isin(tasks)]
            if len(found) == len(tasks):
                means = {name: float(np.mean(found[name])) for name in ("score_over", "score")}
                rows.append(dict(zip(keys, values, strict=True)) | {"group": group, "metric": "average"} | means)
    return pd.DataFrame(rows, columns=[*keys, "group", "metric", "score_over", "score"])
