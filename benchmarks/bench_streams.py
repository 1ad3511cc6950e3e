"""What P streams cost in training: time and memory of a step against P times those of a step of one stream.

Width 128, 4 layers, batches of 16 x 256 tokens, 48 prefix slots, fp32. Steps of P = 1, 2, 4, 8 are taken in turns in
one process; memory is that of a process for each P, above what it holds before its first full step.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.report import Row, progress
from benchmarks.timing import Timing, child_cpu_seconds, cpu_seconds

STREAMS = (2, 4, 8)
LARGEST = 1.1  # times P
TARGET = f"at most {LARGEST:g} P times, a ratio of {1 / LARGEST:.2f}x"


def measure(*, rounds: int = 5, streams: tuple[int, ...] = STREAMS) -> list[Row]:
    """A row of time and one of memory for each P."""
    return [*time_rows(rounds, streams), *memory_rows(streams)]


def time_rows(rounds: int, streams: tuple[int, ...]) -> list[Row]:
    """P steps of one stream, as one step measured, over a step of P."""
    from benchmarks.steps import Step, one_thread

    progress(f"steps of P = 1, {', '.join(map(str, streams))}: {rounds} rounds")
    one_thread()
    steps = {P: Step(P) for P in (1, *streams)}
    for step in steps.values():
        step()
    seconds: dict[int, list[float]] = {P: [] for P in steps}
    for _ in range(rounds):
        for P, step in steps.items():
            seconds[P].append(cpu_seconds(step, repeat=2 if P == 1 else 1))
    return [time_row(P, steps[P].flops / steps[1].flops, seconds) for P in streams]


def time_row(P: int, flops: float, seconds: dict[int, list[float]]) -> Row:
    timing = Timing(tuple(P * each for each in seconds[1]), tuple(seconds[P]))
    note = f"Its operations, prefix slots and aggregator counted, are {flops:.3g} times those of P = 1."
    what = f"training step of {P} streams, against {P} steps of one"
    return Row.timed(what, TARGET, timing.ratio >= 1 / LARGEST, timing, note=note)


def memory_rows(streams: tuple[int, ...]) -> list[Row]:
    """P times the memory of one stream over that of P."""
    if not Path("/proc/self/status").exists():
        return [
            Row(f"memory of a training step of {P} streams", TARGET, None, note="needs Linux's /proc") for P in streams
        ]
    taken = {}
    for P in (1, *streams):
        progress(f"memory of a step, P = {P}")
        _, printed = child_cpu_seconds([sys.executable, "-m", "benchmarks.workers.memory_worker", str(P)])
        answer = json.loads(printed)
        taken[P] = answer["peak"] - answer["before"]
    return [memory_row(P, taken) for P in streams]


def memory_row(P: int, taken: dict[int, int]) -> Row:
    ratio = P * taken[1] / taken[P]
    note = (
        f"Highest resident memory in three steps, above weights, optimiser and the process itself: P = {P} "
        f"{taken[P] / 1e6:.0f} MB, P = 1 {taken[1] / 1e6:.0f} MB; a process each."
    )
    what = f"memory of a training step of {P} streams, against {P} times that of one"
    return Row(what, TARGET, ratio >= 1 / LARGEST, ratio=ratio, note=note)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    for row in measure(rounds=parser.parse_args().rounds):
        print(row.line())


if __name__ == "__main__":
    main()
