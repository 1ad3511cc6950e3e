"""Memory and latency of 100,000 settings, by both cost models, as arrays and one after the other."""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.report import Row, progress
from benchmarks.timing import Timing, cpu_seconds
from scalelaw.cost import MODELS, PAPER, latency, memory

SETTINGS, ALONE = 100_000, 500
LIMIT = 1.0
TARGET = f"{SETTINGS:,} settings in under {LIMIT:g} s"


def measure(*, rounds: int = 5) -> list[Row]:
    """A row for each cost model; the baseline asks for the same settings one at a time, timed on some of them."""
    rng = np.random.default_rng(0)
    shapes = np.array(list(PAPER.values()), dtype=object)[rng.integers(0, len(PAPER), SETTINGS)]
    streams = rng.integers(1, 17, SETTINGS)
    served = {
        "batch": rng.integers(1, 65, SETTINGS),
        "input_tokens": rng.integers(1, 2048, SETTINGS),
        "output_tokens": rng.integers(1, 2048, SETTINGS),
    }
    return [row(name, shapes, streams, served, rounds) for name in MODELS]


def row(name: str, shapes: np.ndarray, streams: np.ndarray, served: dict[str, np.ndarray], rounds: int) -> Row:
    """Both ways in turns, by one cost model."""
    progress(f"costs by {name}: {rounds} rounds")

    def costs(part: slice | int) -> None:
        chosen = {key: values[part] for key, values in served.items()}
        memory(shapes[part], streams[part], model=name, **chosen)
        latency(shapes[part], streams[part], hardware="a100", model=name, **chosen)

    def alone() -> None:
        for each in range(ALONE):
            costs(each)

    timing = Timing(
        tuple(SETTINGS / ALONE * cpu_seconds(alone, repeat=1) for _ in range(rounds)),
        tuple(cpu_seconds(lambda: costs(slice(None)), repeat=1) for _ in range(rounds)),
    )
    note = f"The baseline is the same functions called for one setting at a time, from {ALONE} of them."
    return Row.timed(f"costs by {name}", TARGET, timing.ours_seconds < LIMIT, timing, note=note)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    for each in measure(rounds=parser.parse_args().rounds):
        print(each.line())


if __name__ == "__main__":
    main()
