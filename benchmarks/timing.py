"""CPU times that a busy machine does not spoil: interleaved rounds, process time, medians and ranges."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import THREAD_VARIABLES


@dataclass(frozen=True)
class Timing:
    """CPU seconds of a baseline and of this package, one pair a round.

    ``scale`` multiplies the baseline where only a sample of its work was run (60 of 4,500 starts: scale 75).
    """

    baseline: tuple[float, ...]
    ours: tuple[float, ...]
    scale: float = 1.0

    @property
    def baseline_seconds(self) -> float:
        """The baseline's CPU seconds: the median round, or, where each round did another part of the work, their mean.

        Starts differ in cost, so that only the mean of the parts scales to the whole.
        """
        average = statistics.median if self.scale == 1 else statistics.fmean
        return average(self.baseline) * self.scale

    @property
    def ours_seconds(self) -> float:
        """Median over rounds of this package's CPU seconds."""
        return statistics.median(self.ours)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Baseline over ours, round by round: the two halves of a round met the same machine."""
        return tuple(self.scale * a / b for a, b in zip(self.baseline, self.ours, strict=True))

    @property
    def ratio(self) -> float:
        """Baseline over ours."""
        return self.baseline_seconds / self.ours_seconds

    def __add__(self, other: Timing) -> Timing:
        """The two jobs one after the other, round by round."""
        baseline = tuple(a * self.scale + b * other.scale for a, b in zip(self.baseline, other.baseline, strict=True))
        return Timing(baseline, tuple(a + b for a, b in zip(self.ours, other.ours, strict=True)))


def cpu_seconds(work: Callable[[], object], *, repeat: int = 1) -> float:
    """CPU seconds of one call of ``work``, the mean over ``repeat`` calls in a row."""
    start = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - start) / repeat


def interleave(
    baseline: Callable[[int], object],
    ours: Callable[[], object],
    *,
    rounds: int = 5,
    repeat: int = 10,
    scale: float = 1.0,
) -> Timing:
    """Time baseline and ours in turns (A B A B ...) in this process, warm.

    Parameters
    ----------
    baseline : callable
        Gets the number of the round, so that a sampled baseline can draw a fresh sample each time.
    ours : callable
        Called once untimed in every round, so that imports and cold caches are not charged to it.
    rounds, repeat : int
        Rounds, and calls of ``ours`` a round: it is short, so one call would measure the clock's noise too.
    scale : float
        What the baseline's time is multiplied by, where a round runs only a sample of its work.
    """
    baselines, own = [], []
    for number in range(rounds):
        baselines.append(cpu_seconds(lambda number=number: baseline(number)))
        ours()
        own.append(cpu_seconds(ours, repeat=repeat))
    return Timing(tuple(baselines), tuple(own), scale)


def child_cpu_seconds(command: Sequence[str]) -> tuple[float, str]:
    """Run a whole process on one thread and without a window; CPU seconds of it and its children, and what it printed.

    Raises
    ------
    RuntimeError
        If the process fails; the message ends with what it wrote to standard error.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1"), "MPLBACKEND": "Agg"}
    process = subprocess.run(list(command), capture_output=True, text=True, env=environment, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}: {process.stderr.strip()[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, process.stdout
