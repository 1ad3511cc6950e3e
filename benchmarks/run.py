"""Run every benchmark and write the table: ``python -m benchmarks`` (``--quick`` for a look in a few minutes)."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    bench_any_law,
    bench_bootstrap,
    bench_chinchilla,
    bench_packages,
    bench_parscale,
    bench_process,
    bench_robustness,
)
from benchmarks.report import Row, markdown, progress

RESULTS = Path(__file__).with_name("RESULTS.md")

FULL: tuple[Callable[[], list[Row]], ...] = (
    bench_parscale.measure,
    bench_chinchilla.measure,
    bench_bootstrap.measure,
    bench_packages.measure,
    bench_robustness.measure,
    bench_any_law.measure,
    bench_process.measure,
)

QUICK: tuple[Callable[[], list[Row]], ...] = (
    lambda: bench_parscale.measure(rounds=2),
    lambda: bench_chinchilla.measure(rounds=5, starts=60),
    lambda: bench_bootstrap.measure(rounds=2, checked=50),
    lambda: bench_packages.measure(step=2, rounds=1),
    lambda: bench_robustness.measure(sets=100),
    lambda: bench_any_law.measure(rounds=3),
    lambda: bench_process.measure(rounds=2),
)


def rows(benchmarks: tuple[Callable[[], list[Row]], ...]) -> Iterator[Row]:
    """Measure one benchmark after the other; each row is shown as it comes, since the whole takes half an hour."""
    for measure in benchmarks:
        for row in measure():
            progress(row.line())
            yield row


def main() -> None:
    """Print the Markdown table, and write it to RESULTS.md unless this was only a look."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and data sets; RESULTS.md is left alone")
    quick = parser.parse_args().quick
    table = markdown(rows(QUICK if quick else FULL))
    print(table)
    if not quick:
        RESULTS.write_text(f"# Benchmarks\n\nCPU time of one thread, warm, data in memory.\n\n{table}")


if __name__ == "__main__":
    main()
