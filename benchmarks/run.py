"""Run every benchmark and write the table: ``python -m benchmarks`` (``--quick`` for a look in a few minutes).

``python -m benchmarks training streams jax jobs kills`` runs only those, the harness's, and leaves RESULTS.md alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks import (
    bench_any_law,
    bench_bootstrap,
    bench_chinchilla,
    bench_cost,
    bench_diagnosis,
    bench_intervals,
    bench_jax,
    bench_jobs,
    bench_kills,
    bench_packages,
    bench_parscale,
    bench_pretrained,
    bench_process,
    bench_robustness,
    bench_streams,
    bench_suggest,
    bench_tournament,
    bench_training,
)
from benchmarks.report import Row, markdown, progress

RESULTS = Path(__file__).with_name("RESULTS.md")

FULL: dict[str, Callable[[], list[Row]]] = {
    "parscale": bench_parscale.measure,
    "chinchilla": bench_chinchilla.measure,
    "bootstrap": bench_bootstrap.measure,
    "packages": bench_packages.measure,
    "robustness": bench_robustness.measure,
    "any_law": bench_any_law.measure,
    "intervals": bench_intervals.measure,
    "tournament": bench_tournament.measure,
    "diagnosis": bench_diagnosis.measure,
    "process": bench_process.measure,
    "cost": bench_cost.measure,
    "training": bench_training.measure,
    "streams": bench_streams.measure,
    "suggest": bench_suggest.measure,
    "jax": bench_jax.measure,
    "jobs": bench_jobs.measure,
    "kills": bench_kills.measure,
    "pretrained": bench_pretrained.measure,
}

QUICK: dict[str, Callable[[], list[Row]]] = {
    "parscale": lambda: bench_parscale.measure(rounds=2),
    "chinchilla": lambda: bench_chinchilla.measure(rounds=5, starts=60),
    "bootstrap": lambda: bench_bootstrap.measure(rounds=2, checked=50),
    "packages": lambda: bench_packages.measure(step=2, rounds=1),
    "robustness": lambda: bench_robustness.measure(sets=100),
    "any_law": lambda: bench_any_law.measure(rounds=3),
    "intervals": lambda: bench_intervals.measure(sets=50, bootstrap=200),
    "tournament": lambda: bench_tournament.measure(rounds=2),
    "diagnosis": lambda: bench_diagnosis.measure(rounds=2),
    "process": lambda: bench_process.measure(rounds=2),
    "cost": lambda: bench_cost.measure(rounds=2),
    "training": lambda: bench_training.measure(rounds=3),
    "streams": lambda: bench_streams.measure(rounds=2),
    "suggest": lambda: bench_suggest.measure(pilots=4, repeats=2),
    "jax": lambda: bench_jax.measure(rounds=2, threads=(1,), widths=(32,)),
    "jobs": lambda: bench_jobs.measure(rounds=1, cells=2),
    "kills": lambda: bench_kills.measure(kills=5),
    "pretrained": lambda: bench_pretrained.measure(rounds=1),
}


def rows(benchmarks: Iterable[Callable[[], list[Row]]]) -> Iterator[Row]:
    """Measure one benchmark after the other; each row is shown as it comes, since the whole takes most of an hour."""
    for measure in benchmarks:
        for row in measure():
            progress(row.line())
            yield row


def main() -> None:
    """Print the Markdown table, and write it to RESULTS.md if it is whole and this was not only a look."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run, instead of all: {', '.join(FULL)}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and data sets; RESULTS.md is left alone")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in FULL]:
        parser.error(f"there is no benchmark {unknown[0]}; choose from {', '.join(FULL)}")
    chosen = QUICK if options.quick else FULL
    table = markdown(rows(chosen[name] for name in options.names or FULL))
    print(table)
    if not options.names and not options.quick:
        RESULTS.write_text(f"# Benchmarks\n\nCPU time of one thread, warm, data in memory.\n\n{table}")


if __name__ == "__main__":
    main()
