"""The published runs that are fitted, and the optima that are known for them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

# Objectives of the best optima known (sum of Huber(1e-3) on log residuals), polished with 50 digits by Newton's method.
OPTIMUM = {
    "parscale-stack": 3.676740553624599e-05,
    "parscale-pile": 1.813931589693256e-05,
    "chinchilla": 8.400931199574229e-04,
}


def columns(name: str) -> dict[str, np.ndarray]:
    """Columns of a bundled data set as float arrays: what both sides of a comparison are given."""
    from scalelaw.datasets import load_columns

    table = load_columns(name)
    return {key: np.asarray(table[key], dtype=float) for key in ("N", "P", "D", "loss") if key in table}


def gap(objective: float, name: str) -> float:
    """Relative distance of an objective above the best one known for a data set."""
    return objective / OPTIMUM[name] - 1


def write_csv(path: Path, table: dict[str, np.ndarray]) -> None:
    """Write columns for a process that does not have this package."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*(np.asarray(values).tolist() for values in table.values()), strict=True))
