"""Both ParScale corpora against the published procedure: 300 starts of L-BFGS-B with numeric gradients."""

from __future__ import annotations

import argparse

import scalelaw as sl
from benchmarks.baselines import Baseline, published_parscale
from benchmarks.data import columns, gap
from benchmarks.report import Row, progress
from benchmarks.timing import Timing, cpu_seconds, interleave

CORPORA = ("parscale-stack", "parscale-pile")
TARGET, LARGEST_GAP = 500.0, 1e-9


def measure(*, rounds: int = 7) -> list[Row]:
    """One row for the two corpora together and one for each; no rounds are sampled, every one runs all 300 starts."""
    timings: list[Timing] = []
    gaps: list[float] = []
    rows: list[Row] = []
    for name in CORPORA:
        progress(f"{name}: {rounds} rounds of 300 starts")
        runs = columns(name)
        ends: list[Baseline] = []
        timing = interleave(
            lambda _, runs=runs, ends=ends: ends.append(published_parscale(runs["N"], runs["P"], runs["loss"])),
            lambda runs=runs: sl.fit(sl.laws.parscale, runs),
            rounds=rounds,
            repeat=30,
        )
        fit_gap = gap(sl.fit(sl.laws.parscale, runs).objective, name)
        frame = sl.load(name)
        frame_ms = 1e3 * cpu_seconds(lambda frame=frame: sl.fit(sl.laws.parscale, frame), repeat=20)
        note = (
            f"{name}: the baseline stops {gap(ends[0].objective, name):.0e} above the optimum after "
            f"{ends[0].evaluations:,} evaluations; both sides get arrays (a DataFrame instead: {frame_ms:.1f} ms)."
        )
        timings.append(timing)
        gaps.append(fit_gap)
        rows.append(Row.timed(f"ParScale fit, {name} alone", "", None, timing, fit_gap, note))
    both = timings[0] + timings[1]
    met = both.ratio >= TARGET and max(gaps) <= LARGEST_GAP
    what = "ParScale fits, both corpora, against their 300-start L-BFGS-B"
    return [Row.timed(what, "500x, gap at most 1e-9", met, both, max(gaps)), *rows]


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    for result in measure(rounds=parser.parse_args().rounds):
        print(result.line())


if __name__ == "__main__":
    main()
