"""Every built-in law and some laws of a user's own, up to 6 parameters, on 300 synthetic runs."""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

import scalelaw as sl
from benchmarks.baselines import huber_sum
from benchmarks.report import Row, duration, progress
from benchmarks.timing import cpu_seconds

LONGEST, ROWS, MOST_PARAMETERS = 0.1, 300, 6

CHINCHILLA = {"E": 1.78, "A": 442.0, "B": 1272.0, "alpha": 0.343, "beta": 0.342}

TRUTH: dict[str, dict[str, float]] = {
    "parscale": {"E": 1.3, "A": 2e8, "alpha": 0.2, "k": 0.33},
    "parscale_data": {"E": 1.3, "A": 2e8, "alpha": 0.2, "k": 0.33, "B": 1272.0, "beta": 0.342},
    "parscale_ensemble": {"E": 1.3, "A": 2e8, "alpha": 0.2, "rho": 0.9},
    "additive_streams": {"E": 1.2, "A": 200.0, "B": 0.1, "alpha": 0.3, "beta": 0.5},
    "power_streams": {"E": 1.3, "A": 200.0, "alpha": 0.3, "b": 0.25},
    "log2_streams": {"E": 1.3, "A": 200.0, "alpha": 0.3, "beta": 0.1},
    "chinchilla": CHINCHILLA,
    "kaplan": {"Nc": 8.8e13, "Dc": 5.4e13, "alpha_N": 0.076, "alpha_D": 0.095},
    "coupled": {"E": 1.5, "A": 1e4, "B": 6e4, "a": 0.5, "b": 0.5, "g": 0.7},
    "overtrained": {"E": 1.78, "a": 599.0, "b": 1725.0, "eta": 0.17},
    "data_constrained": CHINCHILLA | {"R_N": 5.3, "R_D": 15.4},
    "power_n": {"E": 1.5, "A": 200.0, "alpha": 0.3},
    "power_d": {"E": 1.8, "B": 1272.0, "beta": 0.342},
    "power_c": {"E": 1.5, "A": 600.0, "gamma": 0.15},
    "broken_power": {"E": 1.5, "A": 200.0, "alpha": 0.3, "Nb": 1e9, "gamma": -0.15, "f": 0.3},
}


def precision(N: Any, D: Any, bits: Any, *, E: Any, A: Any, B: Any, alpha: Any, beta: Any, gamma: Any) -> Any:
    """E + A / (N (1 - exp(-bits / gamma)))^alpha + B / D^beta (after Kumar et al. 2024, arXiv:2411.04330)"""
    return E + A / (N * (1 - np.exp(-bits / gamma))) ** alpha + B / D**beta


def logistic(N: Any, D: Any, *, E: Any, A: Any, B: Any, alpha: Any, beta: Any, c: Any) -> Any:
    """E + A / N^alpha + B / (1 + exp(beta (ln D - c))), through a SciPy function that cannot be traced"""
    return E + A / N**alpha + B * expit(-beta * (np.log(D) - c))


# A user's laws: how each is made anew (tracing is part of every fit timed here), its function, and the truth.
USER_LAWS: dict[str, tuple[Callable[[], Any], dict[str, float]]] = {
    "formula text": (
        lambda: sl.laws.parse("E + A/N**alpha + B*P**-beta"),
        {"E": 1.2, "A": 200.0, "alpha": 0.3, "B": 0.1, "beta": 0.5},
    ),
    "Python function": (lambda: sl.Law("precision", precision), CHINCHILLA | {"gamma": 2.0}),
    "black box": (
        lambda: sl.Law("logistic", logistic, starts={"c": (15.0, 30.0)}),
        {"E": 1.6, "A": 442.0, "B": 2.0, "alpha": 0.343, "beta": 0.5, "c": 23.0},
    ),
}


def columns(seed: int = 0) -> dict[str, np.ndarray]:
    """300 runs that differ in everything a law can ask for."""
    rng = np.random.default_rng(seed)
    N = np.rint(np.exp(rng.uniform(np.log(1e8), np.log(1e10), ROWS)))
    D = np.rint(np.exp(rng.uniform(np.log(4e9), np.log(3e11), ROWS)))
    return {
        "N": N,
        "D": D,
        "P": rng.choice([1.0, 2.0, 4.0, 8.0, 16.0], ROWS),
        "C": 6 * N * D,
        "U": np.rint(D / np.exp(rng.uniform(0, np.log(40), ROWS))),
        "bits": rng.choice([3.0, 4.0, 6.0, 8.0, 16.0], ROWS),
    }


def with_loss(law: Any, truth: dict[str, float], table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The columns the law reads and losses around the truth: 0.3 % noise, one run in twenty an outlier upwards."""
    rng = np.random.default_rng(1)
    noise = 3e-3 * rng.standard_normal(ROWS) + (rng.random(ROWS) < 0.05) * rng.exponential(0.1, ROWS)
    used = {name: table[name] for name in law.columns}
    return used | {"loss": law.predict(table, truth) * np.exp(noise)}


def cases() -> dict[str, tuple[Callable[[], Any], dict[str, float]]]:
    """Every law to be timed: a function that makes it anew, and the true parameters."""
    missing = [name for name in sl.laws.ALL if name not in TRUTH]
    if missing:
        raise KeyError(f"add true parameters of {', '.join(missing)} to TRUTH in {__name__}")
    built_in = {name: (lambda law=law: dataclasses.replace(law), TRUTH[name]) for name, law in sl.laws.ALL.items()}
    return built_in | USER_LAWS


def measure(*, rounds: int = 7) -> list[Row]:
    """One row for the laws within the promise, one for those with more parameters; times of every law in the notes."""
    table = columns()
    seconds: dict[str, float] = {}
    above_truth: list[str] = []
    parameters: dict[str, int] = {}
    for name, (make, truth) in cases().items():
        progress(f"any law: {name}")
        law = make()
        runs = with_loss(law, truth, table)
        sl.fit(make(), runs, throw=False)
        seconds[name] = statistics.median(
            cpu_seconds(lambda make=make, runs=runs: sl.fit(make(), runs, throw=False)) for _ in range(rounds)
        )
        parameters[name] = len(law.parameters)
        if sl.fit(law, runs, throw=False).objective > huber_sum(law.predict(runs, truth), runs["loss"]):
            above_truth.append(name)
    small = {name: value for name, value in seconds.items() if parameters[name] <= MOST_PARAMETERS}
    large = {name: value for name, value in seconds.items() if parameters[name] > MOST_PARAMETERS}
    rows = [
        row(f"{len(small)} built-in and user laws with up to 6 parameters, 300 runs, the slowest", small, above_truth)
    ]
    if large:
        rows.append(row(f"{', '.join(large)}: more than 6 parameters, 300 runs", large, above_truth, promised=False))
    return rows


def row(what: str, seconds: dict[str, float], above_truth: list[str], *, promised: bool = True) -> Row:
    """The slowest of some laws against the promise; a fit that ends above the truth's objective does not count."""
    failed = [name for name in above_truth if name in seconds]
    slowest = max(seconds.values())
    listed = ", ".join(
        f"{name} {duration(value)}" for name, value in sorted(seconds.items(), key=lambda pair: -pair[1])
    )
    verdict = (
        f"ENDED ABOVE THE TRUTH: {', '.join(failed)}." if failed else "Every fit ends below the truth's objective."
    )
    note = f"Tracing the law is part of each fit. {listed}. {verdict}"
    met = (slowest < LONGEST and not failed) if promised else None
    return Row(what, "under 0.1 s" if promised else "", met, ours=slowest, note=note)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    for result in measure(rounds=parser.parse_args().rounds):
        print(result.line())


if __name__ == "__main__":
    main()
