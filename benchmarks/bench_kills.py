"""A sweep whose whole process group is killed at random moments: nothing finished is lost or done twice.

A sweep of two jobs is started, killed with SIGKILL after a random time, started again, and so on; when it ends before
the kills are spent, another begins in a fresh folder. After each kill the rows that were there must be there unchanged;
in the end no cell may have been begun again after its row was there, and the table must be that of a sweep left alone,
but for the seconds it took.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import scalelaw as sl
from benchmarks import sweeps
from benchmarks.report import Row, progress
from scalelaw.harness import Cell, Recipe, sweep

JOBS = 2
RECIPE = {"batch": 8, "context": 64}
OF_TIME = ["seconds"]


def measure(*, kills: int = 20, cells: int = 16, steps: int = 150, seed: int = 0) -> list[Row]:
    """The faults counted over all kills."""
    with tempfile.TemporaryDirectory() as name, sweeps.corpus(Path(name), size=200_000) as corpus:
        tokens = steps * Recipe(**RECIPE).tokens_a_step
        grid = sweep.grid(
            width=16, layers=2, streams=(1, 2), tokens=tokens, corpus=corpus, seeds=cells // 2, repeat=True, **RECIPE
        )
        began = time.monotonic()
        progress(f"sweep of {len(grid)} cells, left alone")
        sweeps.finish(sweeps.start(Path(name) / "alone", grid, jobs=JOBS))
        longest = time.monotonic() - began
        faults = Killer(Path(name), grid, random.Random(seed), longest).all(kills)
    what = f"{kills} kills of a sweep at random moments: finished cells lost, done twice, tables that differ"
    note = (
        f"SIGKILL to the process group, 0 to {faults.longest:.0f} s after its start, of which starting takes some; "
        f"{faults.while_training} of {faults.kills} while cells were being trained, {faults.finished} finished rows "
        f"looked at after kills. Lost or changed {faults.lost}, done twice {faults.doubled}, different tables "
        f"{faults.different} of {faults.sweeps}."
    )
    return [Row(what, "none", not (faults.lost or faults.doubled or faults.different), note=note)]


class Killer:
    """Kills sweeps, and counts what should not be."""

    def __init__(self, folder: Path, cells: list[Cell], rng: random.Random, longest: float):
        self.folder, self.cells, self.rng = folder, cells, rng
        self.longest = longest / 2  # of a sweep left alone: so that several kills fall on each
        self.kills = self.sweeps = self.while_training = self.finished = 0
        self.lost = self.doubled = self.different = 0

    def all(self, kills: int) -> Killer:
        """Sweep after sweep until the kills are spent; each is then let go on to its end."""
        while self.kills < kills:
            self.sweeps += 1
            folder = self.folder / f"killed-{self.sweeps}"
            while self.kills < kills and self.killed(folder):
                progress(f"kill {self.kills} of {kills}: {len(rows(folder))} of {len(self.cells)} cells finished")
            before = rows(folder)
            sweeps.finish(sweeps.start(folder, self.cells, jobs=JOBS))
            self.compare(folder, before)
            self.doubled += sum(begun_after_the_end(diary) for diary in sweeps.diaries(folder).values())
            self.different += not same(folder, self.folder / "alone")
        return self

    def killed(self, folder: Path) -> bool:
        """Go on with a sweep and kill it; False if it ended before that."""
        before = rows(folder)
        process = sweeps.start(folder, self.cells, jobs=JOBS)
        try:
            process.wait(timeout=self.rng.uniform(0, self.longest))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            self.kills += 1
            self.while_training += any(folder.glob("cells/*/claim.json"))  # a process that ends by itself removes it
            self.compare(folder, before)
            return True
        sweeps.finish(process)
        return False

    def compare(self, folder: Path, before: dict[str, bytes]) -> None:
        """Rows that were finished before must be there, byte for byte."""
        after = rows(folder)
        self.finished += len(before)
        self.lost += sum(after.get(cell) != row for cell, row in before.items())


def rows(folder: Path) -> dict[str, bytes]:
    """The finished rows of a sweep, by the cell's id."""
    return {path.parent.name: path.read_bytes() for path in folder.glob("cells/*/row.json")}


def begun_after_the_end(diary: list[dict]) -> bool:
    """Whether a cell was begun when its row was there already, or ended twice."""
    ended = sum(entry["event"] == "end" for entry in diary)
    return ended > 1 or any(entry["event"] == "begin" and entry["done"] for entry in diary)


def same(folder: Path, other: Path) -> bool:
    """Whether two sweeps give the same table, to the last digit."""
    one, two = (sl.read(each).drop(columns=OF_TIME) for each in (folder, other))
    return one.equals(two)


def main() -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for row in measure(kills=options.kills, seed=options.seed):
        print(row.line())


if __name__ == "__main__":
    main()
