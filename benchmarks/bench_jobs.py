"""Two local jobs against one: the wall clock of a sweep of equal cells, from the first step to the last row.

The start of processes, seconds a sweep however long it is, lies before the first step and is left out. Needs two cores
that nobody else uses: the note says how much CPU time the cells took either way.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import sweeps
from benchmarks.report import Row, progress
from benchmarks.timing import Timing
from scalelaw.harness import Cell, sweep

TARGET = 1.8
WHAT = "wall clock of a sweep of {cells} equal cells: one job, against two on two cores"


def measure(*, rounds: int = 2, cells: int = 4, steps: int = 60) -> list[Row]:
    """Both in turns."""
    what = WHAT.format(cells=cells)
    if (os.cpu_count() or 1) < 2:
        return [Row(what, f"{TARGET:g}x", None, note="needs two cores")]
    with tempfile.TemporaryDirectory() as name, sweeps.corpus(Path(name), size=400_000) as corpus:
        grid = sweep.grid(width=64, layers=4, tokens=steps * 4096, corpus=corpus, seeds=cells, repeat=True)
        taken = {1: [], 2: []}
        for number in range(rounds):
            for jobs in taken:
                progress(f"sweep of {cells} cells, jobs {jobs}, round {number + 1} of {rounds}")
                taken[jobs].append(timed(Path(name) / f"sweep-{number}-{jobs}", grid, jobs))
    (one, cpu_one), (two, cpu_two) = (zip(*taken[jobs], strict=True) for jobs in (1, 2))
    timing = Timing(one, two)
    note = (
        f"Wall clock, not CPU. CPU time of the cells: {mean(cpu_one):.3g} s with one job "
        f"({sum(cpu_one) / sum(one):.2f} cores in use), {mean(cpu_two):.3g} s with two "
        f"({sum(cpu_two) / sum(two):.2f} cores in use)."
    )
    return [Row.timed(what, f"{TARGET:g}x", timing.ratio >= TARGET, timing, note=note)]


def timed(folder: Path, cells: list[Cell], jobs: int) -> tuple[float, float]:
    """Wall seconds from the first begin to the last end, and CPU seconds of all cells."""
    sweeps.finish(sweeps.start(folder, cells, jobs=jobs))
    pairs = list(sweeps.diaries(folder).values())
    wall = max(end["time"] for _, end in pairs) - min(begin["time"] for begin, _ in pairs)
    return wall, sum(end["cpu"] - begin["cpu"] for begin, end in pairs)


def mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)


def main() -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--cells", type=int, default=4)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    for row in measure(rounds=options.rounds, cells=options.cells, steps=options.steps):
        print(row.line())


if __name__ == "__main__":
    main()
