"""Training steps in PyTorch and in JAX in turns, in a process with so many threads; prints seconds as JSON.

Usage, from the root of the repository: python -m benchmarks.workers.jax_worker THREADS WIDTH STREAMS ROUNDS

Each way has ``seconds``, those of a step of one cell round by round, and ``compile``, those of the first call above a
later one. Seconds are CPU seconds with one thread, and the clock's with more.
"""

import os
import sys

THREADS = int(sys.argv[1])
# read once, when either library is first used
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"), sys.argv[1])

import json  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import torch  # noqa: E402

from benchmarks.steps import Step  # noqa: E402
from scalelaw.cost import Shape  # noqa: E402
from scalelaw.harness.cell import Cell, Streams  # noqa: E402
from scalelaw.harness.jax.rehearsing import Rehearsal  # noqa: E402
from scalelaw.harness.malloc import keep_freed_memory  # noqa: E402

LAYERS, TOGETHER = 4, 8
STEPS = 4  # of JAX's in one call, of either in a turn


def main() -> None:
    """Time one shape."""
    width, streams, rounds = map(int, sys.argv[2:])
    torch.set_num_threads(THREADS)
    keep_freed_memory()
    shape = Shape.scaled(width=width, layers=LAYERS)
    cell = Cell(shape=shape, streams=Streams(count=streams), tokens=4_000_000, corpus="random", corpus_hash="")
    eager, alone = Step(streams, shape=shape), Rehearsal(cell, device="cpu")
    together = Rehearsal(cell, device="cpu", together=TOGETHER)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "torch": (lambda: [eager() for _ in range(STEPS)], STEPS),
        "jax": (lambda: alone.step(STEPS), STEPS),
        "together": (lambda: together.step(1), TOGETHER),
    }
    first = {name: seconds(call) for name, (call, _) in ways.items()}
    later = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (call, steps) in ways.items():
            later[name].append(seconds(call) / steps)
    answer = {
        name: {"seconds": later[name], "compile": max(first[name] - min(later[name]) * steps, 0.0)}
        for name, (_, steps) in ways.items()
    }
    json.dump(answer, sys.stdout)


def seconds(call: Callable[[], object]) -> float:
    clock = time.process_time if THREADS == 1 else time.perf_counter
    began = clock()
    call()
    return clock() - began


if __name__ == "__main__":
    main()
