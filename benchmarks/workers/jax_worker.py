"""Training steps in PyTorch and in JAX in turns, in a process with so many threads; prints seconds as JSON.

Usage, from the root of the repository: python -m benchmarks.workers.jax_worker THREADS WIDTH STREAMS ROUNDS SECONDS

Each way has ``seconds``, those of a step of one cell round by round, and ``compile``, those of its first calls above
later ones: of steps, and of an evaluation. After three rounds no other is begun once SECONDS of the clock are over.
Seconds are CPU seconds with one thread, and the clock's with more.
"""

import os
import sys

THREADS = int(sys.argv[1])
# read once, when either library is first used
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"), sys.argv[1])

import json  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import NamedTuple  # noqa: E402

import torch  # noqa: E402

from benchmarks.steps import Step  # noqa: E402
from scalelaw.cost import Shape  # noqa: E402
from scalelaw.harness.cell import Cell, Streams  # noqa: E402
from scalelaw.harness.jax.rehearsing import Rehearsal  # noqa: E402
from scalelaw.harness.malloc import keep_freed_memory  # noqa: E402
from scalelaw.harness.windows import windows_at_once  # noqa: E402

LAYERS, TOGETHER = 4, 4
STEPS = 2  # in one call
FEWEST = 3  # rounds


class Way(NamedTuple):
    """One call, the steps of single cells in it, and the seconds that evaluations take to compile."""

    call: Callable[[], object]
    steps: int
    evaluation: float


def main() -> None:
    """Time one shape."""
    width, streams, rounds, limit = map(int, sys.argv[2:])
    torch.set_num_threads(THREADS)
    keep_freed_memory()
    ways = ways_of(Shape.scaled(width=width, layers=LAYERS), streams)
    first = {name: seconds(way.call) for name, way in ways.items()}
    later: dict[str, list[float]] = {name: [] for name in ways}
    began = time.monotonic()
    for done in range(rounds):
        if done >= FEWEST and time.monotonic() - began > limit:
            break
        for name, way in ways.items():
            later[name].append(seconds(way.call) / way.steps)
    answer = {
        name: {
            "seconds": later[name],
            "compile": max(first[name] - min(later[name]) * way.steps, 0.0) + way.evaluation,
        }
        for name, way in ways.items()
    }
    json.dump(answer, sys.stdout)


def ways_of(shape: Shape, streams: int) -> dict[str, Way]:
    cell = Cell(shape=shape, streams=Streams(count=streams), tokens=4_000_000, corpus="random", corpus_hash="")
    eager, alone = Step(streams, shape=shape), Rehearsal(cell, device="cpu")
    together = Rehearsal(cell, device="cpu", together=TOGETHER)
    windows = alone.tokens((windows_at_once(cell), cell.recipe.context))
    evaluation = seconds(lambda: alone.evaluate(windows)) - seconds(lambda: alone.evaluate(windows))
    return {
        "torch": Way(lambda: [eager() for _ in range(STEPS)], STEPS, 0.0),
        "jax": Way(lambda: alone.step(STEPS), STEPS, evaluation),
        "together": Way(lambda: together.step(1), TOGETHER, evaluation),  # each is evaluated alone, by one program
    }


def seconds(call: Callable[[], object]) -> float:
    clock = time.process_time if THREADS == 1 else time.perf_counter
    began = clock()
    call()
    return clock() - began


if __name__ == "__main__":
    main()
