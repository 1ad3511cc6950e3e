"""Runs inside an environment that has the PyPI package ``simple-scaling-laws``: fit a CSV of N, D, loss, print JSON.

Usage: python simple_scaling_laws_worker.py RUNS.csv DRAWS
"""

import json
import platform
import sys
import time

import numpy as np
import polars as pl
from simple_scaling_laws import fit


def main() -> None:
    """Fit the separable law with bootstrap draws, once to warm up and once timed."""
    runs = pl.read_csv(sys.argv[1])
    frame = runs.select(
        model_size__N=pl.col("N"),
        dataset_size__D=pl.col("D"),
        training_run_id=pl.int_range(pl.len()).cast(pl.String),
        test_loss__loss=pl.col("loss"),
    )
    fit(frame, law="separable-power", n_draws=10, seed=0)
    start = time.process_time()
    model = fit(frame, law="separable-power", n_draws=int(sys.argv[2]), seed=0)
    seconds = time.process_time() - start
    reference = [model.manifest["predictors"][name]["reference"] for name in model.law.predictors]
    params = model.law.raw_scale_params(model.fits[model.primary_target].params, np.array(reference))
    values = {name: float(value) for name, value in params.items()}
    json.dump({"seconds": seconds, "python": f"Python {platform.python_version()}", "params": values}, sys.stdout)


if __name__ == "__main__":
    main()
