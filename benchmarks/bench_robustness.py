"""Hard synthetic data sets: how often the fit reaches the best optimum that anyone knows."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

import scalelaw as sl
from benchmarks.exhaustive import best_known
from benchmarks.report import Row, progress
from benchmarks.synthetic import GENERATORS, Synthetic

TARGET, WITHIN = 0.995, 1e-9


@dataclass(frozen=True)
class Outcome:
    """One data set: objectives of the fit and of the exhaustive search, and the CPU seconds of both."""

    index: int
    runs: int
    fit: float
    search: float
    fit_seconds: float
    search_seconds: float

    @property
    def gap(self) -> float:
        """How far the fit lies above the better of the two, relative; 0 where the fit is the better one."""
        return self.fit / min(self.fit, self.search) - 1

    @property
    def search_gap(self) -> float:
        """The same for the search: how strong a judge it is."""
        return self.search / min(self.fit, self.search) - 1


def judge(law: str, index: int, data: Synthetic) -> Outcome:
    """Fit one data set both ways."""
    start = time.process_time()
    fit = sl.fit(getattr(sl.laws, law), data.columns, throw=False)
    middle = time.process_time()
    search = best_known(law, data.columns)
    end = time.process_time()
    return Outcome(index, len(data.columns["loss"]), fit.objective, search, middle - start, end - middle)


def measure(*, sets: int = 1000) -> list[Row]:
    """A row for each law."""
    return [measure_law(law, sets) for law in GENERATORS]


def measure_law(law: str, sets: int) -> Row:
    """How many of the first ``sets`` data sets of a law are within 1e-9; misses are named on standard error."""
    generate = GENERATORS[law]
    sl.fit(getattr(sl.laws, law), generate(0).columns, throw=False)
    outcomes = []
    for index in range(sets):
        outcomes.append(judge(law, index, generate(index)))
        if outcomes[-1].gap > WITHIN:
            progress(f"{law} set {index}: {outcomes[-1].runs} runs, gap {outcomes[-1].gap:.1e}")
        if (index + 1) % 100 == 0:
            progress(f"{law}: {index + 1} of {sets}")
    gaps = np.array([outcome.gap for outcome in outcomes])
    search_gaps = np.array([outcome.search_gap for outcome in outcomes])
    reached = float(np.mean(gaps <= WITHIN))
    fit_seconds = float(np.median([outcome.fit_seconds for outcome in outcomes]))
    search_seconds = float(np.median([outcome.search_seconds for outcome in outcomes]))
    note = (
        f"{law}: {reached:.1%} within 1e-9, {np.mean(gaps <= 1e-6):.1%} within 1e-6, {np.mean(gaps <= 1e-3):.1%} "
        f"within 1e-3, worst {gaps.max():.0e}; the exhaustive search alone is within 1e-9 on "
        f"{np.mean(search_gaps <= WITHIN):.1%}. Times are medians of one fit and one search."
    )
    return Row(
        what=f"{sets:,} synthetic sets for {law}, best known = better of scalelaw and an exhaustive search",
        target="99.5 % within 1e-9",
        met=reached >= TARGET,
        baseline=search_seconds,
        ours=fit_seconds,
        ratio=search_seconds / fit_seconds,
        gap=float(np.quantile(gaps, TARGET)),
        note=note,
    )


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000, help="data sets of each law; 100 for a quick look")
    for row in measure(sets=parser.parse_args().sets):
        print(row.line())


if __name__ == "__main__":
    main()
