"""Runs inside an environment that has the PyPI package ``chinchilla``: fit a CSV of N, D, loss and print JSON.

Usage: python chinchilla_worker.py RUNS.csv STEP, where STEP takes every STEP-th value of each axis of the paper's grid.
"""

import functools
import json
import pathlib
import sys
import tempfile
import time

import numpy as np
import pandas as pd
from chinchilla import Chinchilla
from chinchilla._metrics import log_huber

PAPER_AXES = {
    "e": np.arange(-1.0, 1.5, 0.5),
    "a": np.arange(0.0, 30.0, 5.0),
    "b": np.arange(0.0, 30.0, 5.0),
    "alpha": np.arange(0.0, 2.5, 0.5),
    "beta": np.arange(0.0, 2.5, 0.5),
}


def main() -> None:
    """Fit with log-Huber(1e-3) from the grid, in this process, and time the fit alone."""
    runs = pd.read_csv(sys.argv[1])
    grid = {name: tuple(axis[:: int(sys.argv[2])]) for name, axis in PAPER_AXES.items()}
    with tempfile.TemporaryDirectory() as project:
        runs.assign(C=6 * runs.N * runs.D).to_csv(pathlib.Path(project) / "df.csv", index=False)
        fitter = Chinchilla(project, grid, loss_fn=functools.partial(log_huber, delta=1e-3), log_level=40)
        start = time.process_time()
        fitter.fit(parallel=False)
        seconds = time.process_time() - start
    params = {name: float(getattr(fitter, name)) for name in ("E", "A", "B", "alpha", "beta")}
    starts = int(np.prod([len(axis) for axis in grid.values()]))
    json.dump({"seconds": seconds, "starts": starts, "params": params}, sys.stdout)


if __name__ == "__main__":
    main()
