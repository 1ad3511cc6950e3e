"""Against the PyPI packages ``chinchilla`` 0.2.0 and ``simple-scaling-laws`` 0.2.0, each in an environment of its own.

``chinchilla`` fits the same law to the same runs with the same objective, log-Huber with delta = 1e-3, from the
paper's grid (4,500 starts, one process). ``simple-scaling-laws`` has no robust loss: both sides fit the law by least
squares on raw losses and refit it to as many bootstrap draws (theirs: wild cluster; ours: pairs).
Only the fit itself is timed, after imports and with the data in memory.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np

import scalelaw as sl
from benchmarks import environments
from benchmarks.baselines import PAPER_GRID, chinchilla_loss, huber_sum
from benchmarks.data import columns, gap, write_csv
from benchmarks.report import Row, progress
from benchmarks.timing import Timing, child_cpu_seconds, cpu_seconds

WORKERS = Path(__file__).with_name("workers")
CHINCHILLA_TARGET, SIMPLE_TARGET, LARGEST_GAP = 1000.0, 10.0, 1e-9
CHINCHILLA = "Chinchilla fit, against chinchilla 0.2.0 from PyPI, paper's grid"


def measure(*, step: int = 1, rounds: int = 3, draws: int = 1000, keep: str | None = None) -> list[Row]:
    """A row for each package; ``step`` thins the grid of ``chinchilla``, whose full run takes minutes."""
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        runs = columns("chinchilla")
        write_csv(path, {name: runs[name] for name in ("N", "D", "loss")})
        return [against_chinchilla(path, runs, step), against_simple_scaling_laws(path, runs, rounds, draws)]


def against_chinchilla(path: Path, runs: dict[str, np.ndarray], step: int) -> Row:
    """One run of the package's grid search, our fit before and after it."""
    target = "1,000x, objective never worse"
    try:
        python = environments.chinchilla(path.parent)
    except environments.NotInstalledError as problem:
        return Row(CHINCHILLA, target, None, note=f"not installed: {problem}")
    progress("chinchilla 0.2.0: one grid search")

    def ours() -> float:
        return cpu_seconds(lambda: sl.fit(sl.laws.chinchilla, runs), repeat=20)

    fit = sl.fit(sl.laws.chinchilla, runs)
    before = ours()
    answer = worker(python, "chinchilla_worker.py", path, step)
    timing = Timing((answer["seconds"],) * 2, (before, ours()), len(PAPER_GRID) / answer["starts"])
    theirs = huber_sum(chinchilla_loss(runs["N"], runs["D"], **answer["params"]), runs["loss"])
    sampled = "all 4,500 starts" if step == 1 else f"{answer['starts']} starts, scaled to 4,500"
    note = (
        f"chinchilla 0.2.0: {sampled}, log-Huber with delta 1e-3, one process; "
        f"it stops {gap(theirs, 'chinchilla'):.0e} above the optimum."
    )
    met = timing.ratio >= CHINCHILLA_TARGET and fit.objective <= theirs * (1 + LARGEST_GAP)
    return Row.timed(CHINCHILLA, target, met, timing, gap(fit.objective, "chinchilla"), note)


def against_simple_scaling_laws(path: Path, runs: dict[str, np.ndarray], rounds: int, draws: int) -> Row:
    """Least squares on raw losses with bootstrap draws, both ways, in turns."""
    what = f"Chinchilla form by least squares with {draws:,} bootstrap draws, against simple-scaling-laws 0.2.0"
    target = "10x, objective never worse"
    try:
        python = environments.simple_scaling_laws(path.parent)
    except environments.NotInstalledError as problem:
        return Row(what, target, None, note=f"not installed: {problem}")
    progress(f"simple-scaling-laws 0.2.0: {rounds} rounds of {draws} draws")

    def ours() -> sl.Fit:
        return sl.fit(sl.laws.chinchilla, runs, loss="squared", space="raw", bootstrap=draws, rng=0)

    fit = ours()
    answers, own = [], []
    for _ in range(rounds):
        answers.append(worker(python, "simple_scaling_laws_worker.py", path, draws))
        own.append(cpu_seconds(ours, repeat=3))
    timing = Timing(tuple(answer["seconds"] for answer in answers), tuple(own))
    theirs, mine = (squares(runs, params) for params in (answers[0]["params"], fit.params))
    note = (
        f"simple-scaling-laws 0.2.0 ({answers[0]['python']}): its fit() call, law separable-power, {draws:,} wild "
        f"cluster draws; ours {draws:,} pairs draws. Sum of squares {theirs:.10g} (theirs), {mine:.10g} (ours)."
    )
    met = timing.ratio >= SIMPLE_TARGET and mine <= theirs * (1 + LARGEST_GAP)
    return Row.timed(what, target, met, timing, mine / theirs - 1, note)


def squares(runs: dict[str, np.ndarray], params: dict[str, float]) -> float:
    """Sum of squared residuals of raw losses."""
    names = ("E", "A", "B", "alpha", "beta")
    predicted = chinchilla_loss(runs["N"], runs["D"], **{name: params[name] for name in names})
    return float(np.sum((predicted - runs["loss"]) ** 2))


def worker(python: Path, script: str, path: Path, argument: int) -> dict:
    """What a worker found: parameters and the CPU seconds of its fit."""
    _, printed = child_cpu_seconds([str(python), str(WORKERS / script), str(path), str(argument)])
    return json.loads(printed.splitlines()[-1])


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=1, help="2 runs 243 of the grid's 4,500 starts, scaled")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument(
        "--keep", help="folder for the environments, used again if they are there; else a temporary one"
    )
    options = parser.parse_args()
    for row in measure(step=options.step, rounds=options.rounds, draws=options.draws, keep=options.keep):
        print(row.line())


if __name__ == "__main__":
    main()
