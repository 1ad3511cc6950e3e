"""Sensitivity, diagnosis and validate: CPU times against what each promises, and against fitting by hand."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import scalelaw as sl
from benchmarks.report import Row, progress
from benchmarks.timing import cpu_seconds
from scalelaw.validate import DISAGREES, validate

SENSITIVITY, DIAGNOSIS, VALIDATE = 1.0, 0.5, 10.0
OF = "loss at N=70B,D=1.4T"


def measure(*, rounds: int = 7) -> list[Row]:
    """The full table of choices, the full diagnosis and a whole validation; each the median round."""
    progress(f"diagnosis: {rounds} rounds")
    runs = sl.load("chinchilla")
    fit = sl.fit("chinchilla", runs)
    table = sl.sensitivity("chinchilla", runs, of=OF)
    spread = table["change"].abs().max()
    widest = f"{len(table)} fits; {OF} moves by at most {spread:.4f} nats (standard error {table['error'][0]:.4f})."
    left_out = f"{len(sl.diagnose(fit, runs).findings)} findings, each run left out once."
    verdicts = validate()["verdict"]
    compared = f"{len(verdicts)} comparisons, {(verdicts == DISAGREES).sum()} disagree."
    lines = (
        ("Sensitivity, all choices", SENSITIVITY, lambda: sl.sensitivity("chinchilla", runs, of=OF), widest),
        ("Diagnosis", DIAGNOSIS, lambda: sl.diagnose(fit, runs), left_out),
        ("validate, every bundled set", VALIDATE, validate, compared),
    )
    return [
        _row(what if work is validate else f"{what}, 234 Chinchilla runs", most, work, note, rounds)
        for what, most, work, note in lines
    ]


def _row(what: str, most: float, work: Callable[[], object], note: str, rounds: int) -> Row:
    work()
    seconds = sorted(cpu_seconds(work) for _ in range(rounds))[rounds // 2]
    return Row(what, f"at most {most:g} s", seconds <= most, ours=seconds, note=note)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    for row in measure(rounds=parser.parse_args().rounds):
        print(row.line())


if __name__ == "__main__":
    main()
