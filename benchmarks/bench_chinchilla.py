"""Chinchilla's form on its 234 published runs against the paper's grid of 4,500 starts."""

from __future__ import annotations

import argparse

import numpy as np

import scalelaw as sl
from benchmarks.baselines import PAPER_GRID, Baseline, paper_grid_chinchilla
from benchmarks.data import columns, gap
from benchmarks.report import Row, progress
from benchmarks.timing import interleave

TARGET, LONGEST, LARGEST_GAP = 4000.0, 0.05, 1e-9


def measure(*, rounds: int = 15, starts: int = 300) -> list[Row]:
    """Each round runs its own ``starts`` random starts of the grid, scaled to 4,500; by default that is all of them."""
    progress(f"chinchilla: {rounds} rounds of {starts} starts of the paper's grid")
    runs = columns("chinchilla")
    parts = np.random.default_rng(0).permutation(len(PAPER_GRID))[: rounds * starts].reshape(rounds, starts)
    ends: list[Baseline] = []
    timing = interleave(
        lambda number: ends.append(paper_grid_chinchilla(runs["N"], runs["D"], runs["loss"], starts=parts[number])),
        lambda: sl.fit(sl.laws.chinchilla, runs),
        rounds=rounds,
        repeat=20,
        scale=len(PAPER_GRID) / starts,
    )
    fit_gap = gap(sl.fit(sl.laws.chinchilla, runs).objective, "chinchilla")
    best = min(gap(end.objective, "chinchilla") for end in ends)
    note = (
        f"chinchilla: {rounds * starts:,} of the 4,500 starts were run, {starts} a round, each round scaled to 4,500; "
        f"the best of them stops {best:.0e} above the optimum."
    )
    met = timing.ratio >= TARGET and timing.ours_seconds <= LONGEST and fit_gap <= LARGEST_GAP
    what = "Chinchilla fit, 234 runs, against the 4,500-start L-BFGS-B"
    return [Row.timed(what, "4,000x, at most 50 ms, gap at most 1e-9", met, timing, fit_gap, note)]


def main() -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--starts", type=int, default=300, help="starts a round; rounds times starts is at most 4,500")
    options = parser.parse_args()
    for row in measure(rounds=options.rounds, starts=options.starts):
        print(row.line())


if __name__ == "__main__":
    main()
