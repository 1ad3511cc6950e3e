"""What lies around the best of a table of candidates: the frontier, other limits, and the smallest where none fits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scalelaw.analysis.plan.candidates import Candidates
from scalelaw.analysis.plan.limits import Limits
from scalelaw.analysis.plan.service import Service
from scalelaw.analysis.plan.training import Training
from scalelaw.cost.units import duration, size

FACTORS = (0.5, 0.9, 1.1, 2.0)
"""By which each limit is multiplied to see what it is worth."""


def best_within(table: pd.DataFrame, limits: Limits) -> int | None:
    """Row of the lowest loss within the limits, of equal ones that of the least memory."""
    fits = table[limits.within(table)]
    return None if fits.empty else int(fits.sort_values(["loss", "memory"]).index[0])


def frontier(fits: pd.DataFrame) -> pd.DataFrame:
    """Rows that no other beats in loss, memory and time a token at once."""
    ordered = fits.sort_values(["loss", "memory", "per_token"]).reset_index(drop=True)
    costs = ordered[["memory", "per_token"]].to_numpy()
    kept: list[int] = []
    for row, cost in enumerate(costs):  # by rising loss, so only those before can beat it
        if not (costs[kept] <= cost).all(axis=1).any():
            kept.append(row)
    return ordered.iloc[kept].reset_index(drop=True)


def sensitivity(training: Training, room: Candidates, limits: Limits, service: Service, loss: float) -> pd.DataFrame:
    """The best within each limit times each of `FACTORS`, the others as they are, and by how much its loss differs."""
    rows = []
    for name, value in limits.given().items():
        for factor in FACTORS:
            changed = limits.scaled(name, factor)
            table = training.priced(room, changed, service)
            chosen = best_within(table, changed)
            found = (
                {"N": np.nan, "P": np.nan, "loss": np.nan} if chosen is None else table.loc[chosen, ["N", "P", "loss"]]
            )
            row = {"limit": name, "factor": factor, "value": value * factor, **dict(found)}
            rows.append(row | {"change": row["loss"] - loss})
    return pd.DataFrame(rows).astype({"N": "Int64", "P": "Int64"})


def nothing_fits(table: pd.DataFrame, limits: Limits) -> str:
    """What to say, with the model tried that comes nearest: that needs the smallest multiple of all limits."""
    multiple = np.max([table[name] / value for name, value in limits.given().items()], axis=0)
    least = table.iloc[int(multiple.argmin())]
    units = {
        "memory": size(least["memory"]),
        "per_token": f"{duration(least['per_token'])} a token",
        "latency": f"{duration(least['latency'])} a request",
    }
    if "train_flops" in table:
        units["train_flops"] = f"{least['train_flops']:.3g} FLOPs of training"
    needs = ", ".join(units[name] for name in limits.given())
    return (
        f"nothing fits within {limits.text()}: what comes nearest of the models tried, which have "
        f"{int(table['N'].min()):,} parameters and more, is {int(least['N']):,} with P = {int(least['P'])}, and takes "
        f"{needs}; allow as much, or use fewer bits a weight or a smaller vocabulary"
    )
