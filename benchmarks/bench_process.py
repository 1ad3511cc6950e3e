"""Whole processes: ``scalelaw fit parscale-pile --law parscale`` against the published procedure as a script."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import published_parscale_script
from benchmarks.data import columns, write_csv
from benchmarks.report import Row, progress
from benchmarks.timing import Timing, child_cpu_seconds

TARGET = 10.0
CORPUS = "parscale-pile"


def command() -> list[str]:
    """The installed ``scalelaw`` beside this interpreter, or the same entry point where it is not installed."""
    script = Path(sys.executable).with_name("scalelaw")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "import sys; from scalelaw.cli import main; sys.exit(main())"]


def measure(*, rounds: int = 5) -> list[Row]:
    """Each process in turn, from start to exit: interpreter, imports, reading, fit, report."""
    progress(f"whole processes: {rounds} rounds")
    ours = [*command(), "fit", CORPUS, "--law", "parscale"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.csv"
        write_csv(path, columns(CORPUS))
        baseline = [sys.executable, str(Path(published_parscale_script.__file__)), str(path)]
        child_cpu_seconds(ours)  # so that compiled bytecode is there for both
        pairs = [(child_cpu_seconds(baseline)[0], child_cpu_seconds(ours)[0]) for _ in range(rounds)]
    slow, fast = zip(*pairs, strict=True)
    timing = Timing(tuple(slow), tuple(fast))
    what = f"whole process, scalelaw fit {CORPUS} --law parscale, against the published procedure as a script"
    note = "CPU of the whole process and its children, imports included; the script imports NumPy and SciPy only."
    return [Row.timed(what, "10x", timing.ratio >= TARGET, timing, note=note)]


def main() -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    for row in measure(rounds=parser.parse_args().rounds):
        print(row.line())


if __name__ == "__main__":
    main()
