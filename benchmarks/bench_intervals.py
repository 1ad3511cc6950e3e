"""Coverage of intervals: 500 data sets in each of six settings, and of checkpoints of few runs; and the time that
profiles and a calibration take."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import scalelaw as sl
from benchmarks.data import columns
from benchmarks.report import Row, progress
from benchmarks.timing import child_cpu_seconds, cpu_seconds
from scalelaw.fit.calibration import calibration
from scalelaw.fit.run_effects import RunNoise
from scalelaw.fit.simulated_noise import Draw, design_noise

LOW, HIGH, ENOUGH = 0.92, 0.98, 500
"""Coverage wanted, and data sets below which it is too rough to be judged."""
KINDS = ("bc", "percentile", "normal", "profile", "sandwich", "robust")
SIZES = {24: 0.0016, 40: 0.01, 240: 0.01}
"""Runs, and the standard deviation of their noise."""


@dataclass(frozen=True)
class Setting:
    """A design of so many runs and a kind of noise."""

    noise: str
    runs: int

    @property
    def name(self) -> str:
        return f"{self.noise}, n = {self.runs}"


SETTINGS = (
    Setting("Gaussian", 24),
    Setting("real", 24),
    Setting("t3", 40),
    Setting("heteroscedastic", 40),
    Setting("Gaussian", 240),
    Setting("real", 240),
)
CHECKPOINTS, OF_RUNS = (0.4, 0.6, 0.8, 1.0), (6, 12, 24)
"""Shares of a run's tokens at which it is looked at, and how many runs there are."""
ALL = tuple(Setting(noise, runs) for runs in SIZES for noise in ("Gaussian", "t3", "heteroscedastic", "real"))


def gaussian(rows: int, rng: np.random.Generator, *, sd: float) -> np.ndarray:
    return sd * rng.standard_normal(rows)


def student(rows: int, rng: np.random.Generator, *, sd: float) -> np.ndarray:
    return sd * rng.standard_t(3, rows)


def uneven(rows: int, rng: np.random.Generator, *, sizes: np.ndarray) -> np.ndarray:
    return sizes * rng.standard_normal(rows)


def design(setting: Setting) -> tuple[sl.Fit, Draw]:
    """A fit whose law is the truth, and its noise.

    24 runs are those of ParScale's Pile table; 240 the Chinchilla runs, and 40 of them, evenly along compute. Real
    noise is the residuals of these fits, smoothed: without that the residuals that a robust fit has made exactly 0 (as
    many as it has parameters) come back as runs without noise, which no real run is.
    """
    sd = SIZES[setting.runs]
    if setting.runs == 24:
        fit = sl.fit("parscale", columns("parscale-pile"))
    else:
        fit = sl.fit("chinchilla", columns("chinchilla"))
    real = design_noise(fit, "residuals").draw
    if setting.runs == 40:
        by_compute = np.argsort(fit.columns["N"] * fit.columns["D"])
        chosen = by_compute[np.linspace(0, len(by_compute) - 1, 40).astype(int)]
        few = {name: values[chosen] for name, values in fit.columns.items()}
        few["loss"] = fit.law.predict(few, fit.params) * np.exp(1e-6 * np.random.default_rng(0).standard_normal(40))
        fit = sl.fit("chinchilla", few)
    size = np.log(np.asarray(fit.columns["N"], dtype=float))
    sizes = sd * (2 - 1.6 * (size - size.min()) / np.ptp(size))
    noises: dict[str, Draw] = {
        "Gaussian": partial(gaussian, sd=sd),
        "t3": partial(student, sd=sd),
        "heteroscedastic": partial(uneven, sizes=sizes),
        "real": real,
    }
    return fit, noises[setting.noise]


def few_runs(runs: int) -> tuple[sl.Fit, Draw]:
    """So many runs of four checkpoints each, and noise of 0.6 % that a run keeps beside 0.2 % of each row's own."""
    sizes = {6: 3, 12: 4, 24: 6}[runs]
    grid = np.meshgrid(np.geomspace(2e7, 2e9, sizes), np.geomspace(1e9, 8e10, runs // sizes), indexing="ij")
    N, D = (each.ravel()[:, None] * np.ones(len(CHECKPOINTS)) for each in grid)
    run = np.repeat(np.arange(runs), len(CHECKPOINTS))
    noise = partial(of_runs, run=run)
    table = {"N": N.ravel(), "D": (D * CHECKPOINTS).ravel(), "run": run}
    truth = sl.fit("chinchilla", columns("chinchilla"))
    table["loss"] = truth.law.predict(table, truth.params) * np.exp(noise(len(run), np.random.default_rng(1)))
    return sl.fit("chinchilla", table), noise


def of_runs(_: int, rng: np.random.Generator, *, run: np.ndarray) -> np.ndarray:
    return RunNoise(0.006, 0.002).draw(run, rng)


def checkpoints(*, sets: int, bootstrap: int, kinds: Sequence[str], workers: int | None = 1) -> pd.DataFrame:
    """Coverage where rows are checkpoints, and whole runs are drawn."""
    frames = []
    for runs in OF_RUNS:
        progress(f"intervals: checkpoints of {runs} runs, {sets} data sets")
        fit, noise = few_runs(runs)
        frame = calibration(fit, kinds=kinds, noise=noise, sets=sets, bootstrap=bootstrap, workers=workers)
        frames.append(frame.assign(setting=f"checkpoints of {runs} runs", resample="auto"))
    return pd.concat(frames, ignore_index=True)


def coverage(
    settings: Sequence[Setting] = SETTINGS,
    *,
    sets: int = 500,
    bootstrap: int = 1000,
    kinds: Sequence[str] = KINDS,
    resample: str = "pairs",
    workers: int | None = 1,
) -> pd.DataFrame:
    """Coverage of every kind of interval of every parameter in each setting."""
    frames = []
    for setting in settings:
        progress(f"intervals: {setting.name}, {sets} data sets, {resample}")
        fit, noise = design(setting)
        frame = calibration(
            fit, kinds=kinds, noise=noise, sets=sets, bootstrap=bootstrap, resample=resample, workers=workers
        )
        frames.append(frame.assign(setting=setting.name, resample=resample))
    return pd.concat(frames, ignore_index=True)


def ranges(frame: pd.DataFrame) -> pd.DataFrame:
    """Lowest and highest coverage over the parameters, per cent, a row a setting and a column a kind."""
    rows: dict[str, dict[str, str]] = {}
    for (setting, kind), part in frame.groupby(["setting", "kind"], sort=False):
        rows.setdefault(setting, {})[kind] = f"{100 * part['coverage'].min():.1f}-{100 * part['coverage'].max():.1f}"
    return pd.DataFrame.from_dict(rows, orient="index")


def measure(*, sets: int = 500, bootstrap: int = 1000) -> list[Row]:
    """The default interval in six settings, the time of all profiles of a fit, and of a calibration."""
    options: dict[str, Any] = {"sets": sets, "bootstrap": bootstrap, "kinds": ("bc",)}
    frame = pd.concat([coverage(**options), checkpoints(**options)], ignore_index=True)
    rows = []
    for name, part in frame.groupby("setting", sort=False):
        inside = bool(((part["coverage"] >= LOW) & (part["coverage"] <= HIGH)).all()) if sets >= ENOUGH else None
        shares = ", ".join(f"{each.quantity} {100 * each.coverage:.1f}" for each in part.itertuples())
        note = f"Coverage of the default 95 % interval, per cent of {sets} data sets: {shares}."
        rows.append(Row(f"coverage, {name}", "92 to 98 % for every parameter", inside, note=note))
    return [*rows, profiles(), whole_calibration(sets, bootstrap)]


def profiles() -> Row:
    """All parameters of the Chinchilla fit profiled together."""
    fit = sl.fit("chinchilla", columns("chinchilla"))
    fit.profile()
    seconds = min(cpu_seconds(fit.profile) for _ in range(5))
    return Row("profiles of 5 parameters, 234 runs", "at most 0.5 s", seconds <= 0.5, ours=seconds)


def whole_calibration(sets: int, bootstrap: int) -> Row:
    """A whole process that calibrates a 24-run design on two processes; their CPU seconds together."""
    command = (
        "from scalelaw import calibration, fit, load\n"
        "if __name__ == '__main__':\n"
        f"    calibration(fit('parscale', load('parscale-pile')), sets={sets}, bootstrap={bootstrap}, workers=1)\n"
    )
    seconds, _ = child_cpu_seconds([sys.executable, "-c", command])
    what = f"calibration of 24 runs, {sets} data sets of {bootstrap} resamples"
    return Row(what, "at most 240 s of CPU, 2 minutes on two cores", seconds <= 240, ours=seconds)


def main() -> None:
    """Print the coverage of every kind in every setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--bootstrap", type=int, default=1000)
    parser.add_argument("--resample", default="pairs")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--all", action="store_true", help="four kinds of noise at each of three sizes")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), help="of 24, 40 and 240 runs")
    parser.add_argument("--checkpoints", action="store_true", help="only checkpoints of few runs")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    settings = [each for each in (ALL if options.all else SETTINGS) if each.runs in options.sizes]
    shared: dict[str, Any] = {name: getattr(options, name) for name in ("sets", "bootstrap", "kinds", "workers")}
    frame = checkpoints(**shared) if options.checkpoints else coverage(settings, resample=options.resample, **shared)
    print(frame.drop(columns=["truth", "sets"]).round(3).to_string(index=False))
    print(ranges(frame).to_string())


if __name__ == "__main__":
    main()
