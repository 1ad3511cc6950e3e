"""A tournament: eight laws on the paper's 24 runs, each refitted to 200 resamples, against SciPy's optimiser."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from scipy.optimize import minimize

import scalelaw as sl
from benchmarks.baselines import huber
from benchmarks.data import columns
from benchmarks.report import Row, progress
from benchmarks.timing import cpu_seconds, interleave

REFITS, LONGEST = 200, 5.0
LAWS = (
    *("parscale", "additive_streams", "power_streams", "log2_streams", "parscale_ensemble", "power_n"),
    *("E + A/N**alpha + B/(1 + log2(P))**beta", "(A/(N*P**b))**alpha"),
)
WHAT = f"Tournament of {len(LAWS)} laws, {REFITS} paired refits each"


def measure(*, rounds: int = 3, sample: int = 2) -> list[Row]:
    """The largest P held out, against the same refits by L-BFGS-B from the law's own optimum; and all holdouts."""
    runs = columns("parscale-pile")
    progress(f"tournament: {rounds} rounds, {sample} of {REFITS} resamples by the baseline")
    fits = [sl.fit(law, runs, throw=False) for law in LAWS]
    kept = runs["P"] < runs["P"].max()

    def baseline(round_: int) -> None:
        rng = np.random.default_rng(round_)
        rest = np.flatnonzero(kept)
        for _ in range(sample):
            drawn = rng.choice(rest, len(rest))
            for fit in fits:
                one_by_one(fit, {name: values[drawn] for name, values in runs.items()})

    def ours() -> Any:
        return sl.tournament(LAWS, runs, holdouts="P", refits=REFITS)

    timing = interleave(baseline, ours, rounds=rounds, repeat=1, scale=REFITS / sample)
    note = (
        f"scalelaw's time holds the fits to all runs and to the fold too, each searched globally. Baseline: SciPy's "
        f"L-BFGS-B with numeric gradients, one start a resample at the optimum of all runs, {sample} resamples a "
        f"round, scaled by {REFITS / sample:.0f}."
    )
    held = Row.timed(f"{WHAT}, largest P held out", "at most 5 s", timing.ours_seconds <= LONGEST, timing, note=note)
    everything = cpu_seconds(lambda: sl.tournament(LAWS, runs, refits=REFITS))
    row = Row(
        "The same with every holdout (each run, largest N, largest P, four rolling origins)",
        "",
        None,
        ours=everything,
        note=f"{6 * REFITS * len(LAWS):,} refits besides the leave-one-out fits.",
    )
    return [held, row]


def one_by_one(fit: sl.Fit, runs: dict[str, np.ndarray]) -> float:
    """Objective of a law refitted to a resample by L-BFGS-B, with parameters in units of their optimum."""
    start = np.array([fit.params[name] or 1e-3 for name in fit.law.parameters])

    def objective(scaled: np.ndarray) -> float:
        predicted = fit.law.predict(runs, dict(zip(fit.law.parameters, scaled * start, strict=True)))
        return float(np.sum(huber(np.log(predicted) - np.log(runs["loss"]))))

    with np.errstate(all="ignore"):
        bounds = [(1e-8, None)] * len(start)
        return float(minimize(objective, np.ones(len(start)), method="L-BFGS-B", bounds=bounds).fun)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for row in measure(rounds=options.rounds):
        print(row.line())


if __name__ == "__main__":
    main()
