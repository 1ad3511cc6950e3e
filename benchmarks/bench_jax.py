"""Training in JAX beside PyTorch: steps of small shapes on one and two threads, alone and four cells together.

4 layers, batches of 16 x 256 tokens, fp32, eager PyTorch; the three ways take turns in one process for each shape.
Seconds are CPU seconds with one thread and the clock's with two, so that only the former stand a busy machine. Ten
minutes in all, as a shape's rounds end after half a minute. ``python -m benchmarks.bench_jax --markdown`` prints the
table of the page on JAX, and for which shapes a run with its compilation takes JAX at most half of PyTorch's time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.report import Row, machine, progress, significant
from benchmarks.timing import Timing, child_cpu_seconds

THREADS, WIDTHS, STREAMS = (1, 2), (32, 64, 128), (1, 4)
TOKENS, TOKENS_A_STEP = 4_000_000, 4096  # of a run that compile time is counted into
TOGETHER = 4
SECONDS = 30  # of the clock, after which no other round of a shape is begun
CLEARLY = 2.0  # times as fast
HEADINGS = (
    *("threads", "width", "P", "PyTorch", "JAX", "four together", "compiling"),
    *("JAX, times as fast", "four together, times as fast"),
)


@dataclass(frozen=True)
class Shapes:
    """One shape on so many threads: seconds of a step of one cell, round by round, and of compilation."""

    threads: int
    width: int
    streams: int
    ways: dict[str, Any]

    def timing(self, way: str) -> Timing:
        return Timing(tuple(self.ways["torch"]["seconds"]), tuple(self.ways[way]["seconds"]))

    def included(self, way: str) -> float:
        """PyTorch's time of a whole run over a way's, compilation included; cells together share theirs."""
        steps = TOKENS // TOKENS_A_STEP
        own = self.ways[way]["compile"] / (TOGETHER if way == "together" else 1)
        return steps * self.timing(way).baseline_seconds / (own + steps * self.timing(way).ours_seconds)

    def row(self, way: str) -> Row:
        who = "JAX" if way == "jax" else f"{TOGETHER} cells together in JAX, each"
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        what = f"training step at width {self.width}, 4 layers, P = {self.streams}, {threads}: {who}, against PyTorch"
        clock = "CPU seconds" if self.threads == 1 else "Seconds of the clock, not of the CPU"
        note = (
            f"{clock}. Compiling takes {self.ways[way]['compile']:.2g} s; a run on 4M tokens with it: "
            f"{significant(self.included(way))}x."
        )
        return Row.timed(what, "", None, self.timing(way), note=note)

    def cells(self) -> tuple[str, ...]:
        """A line of the page's table: milliseconds a step, seconds to compile, times PyTorch's speed in a whole run."""
        medians = (statistics.median(self.ways[way]["seconds"]) for way in ("torch", "jax", "together"))
        steps = (f"{1e3 * seconds:,.0f} ms" for seconds in medians)
        compiling = "{:.2g} s, {:.2g} s".format(*(self.ways[way]["compile"] for way in ("jax", "together")))
        ratios = (f"{significant(self.included(way))}x" for way in ("jax", "together"))
        return str(self.threads), str(self.width), str(self.streams), *steps, compiling, *ratios


def measure(*, rounds: int = 7, threads: Sequence[int] = THREADS, widths: Sequence[int] = WIDTHS) -> list[Row]:
    """Two rows for each shape on each number of threads."""
    return [shape.row(way) for shape in shapes(rounds, threads, widths) for way in ("jax", "together")]


def shapes(
    rounds: int, threads: Sequence[int], widths: Sequence[int], streams: Sequence[int] = STREAMS
) -> list[Shapes]:
    return [shape(rounds, *each) for each in ((t, w, P) for t in threads for w in widths for P in streams)]


def shape(rounds: int, threads: int, width: int, streams: int) -> Shapes:
    """Measured in a process of its own, as threads are counted once."""
    progress(f"steps in PyTorch and JAX at width {width}, P = {streams}, {threads} threads: at most {rounds} rounds")
    worker = [sys.executable, "-m", "benchmarks.workers.jax_worker"]
    _, printed = child_cpu_seconds([*worker, *map(str, (threads, width, streams, rounds, SECONDS))])
    return Shapes(threads, width, streams, json.loads(printed.splitlines()[-1]))


def markdown(found: Sequence[Shapes]) -> str:
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(each.cells() for each in found)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def clearly_faster(found: Sequence[Shapes]) -> str:
    """The shapes for which JAX takes at most half of PyTorch's time, compilation included."""
    for_these = [
        f"width {each.width}, P = {each.streams}, threads {each.threads} ({way})"
        for each in found
        for way in ("jax", "together")
        if each.included(way) >= CLEARLY
    ]
    return f"At least {CLEARLY:g} times as fast, compilation included: {'; '.join(for_these) or 'none'}."


def main() -> None:
    """Print the rows, or the table of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    for name, values in (("--threads", THREADS), ("--widths", WIDTHS), ("--streams", STREAMS)):
        parser.add_argument(name, type=int, nargs="+", default=values)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    found = shapes(options.rounds, options.threads, options.widths, options.streams)
    if options.markdown:
        of = machine("threads as named", ("torch", "jax", "optax"))
        print(markdown(found), clearly_faster(found), of, sep="\n\n")
        return
    for each in found:
        for way in ("jax", "together"):
            print(each.row(way).line())


if __name__ == "__main__":
    main()
