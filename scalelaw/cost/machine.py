"""The machine at hand, measured with NumPy in a process of its own: ``python -m scalelaw.cost.machine SECONDS``."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from scalelaw.cost.hardware import Hardware
from scalelaw.errors import ScalelawError

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")


def measure(*, threads: int | None, seconds: float) -> Hardware:
    """See :meth:`Hardware.measure`; the number of threads is settled when NumPy is loaded, hence the new process."""
    wanted = processors() if threads is None else threads
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise ScalelawError(f"threads is {threads!r}; it must be a whole number of at least 1")
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(wanted))}
    command = [sys.executable, "-m", "scalelaw.cost.machine", str(seconds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ScalelawError(f"measuring this machine failed ({last}); free some memory and try again")
    found = json.loads(done.stdout)
    return Hardware(
        name=f"this machine, {wanted} {'thread' if wanted == 1 else 'threads'}",
        peak={"fp32": found["rate"]},
        bandwidth=found["bandwidth"],
        memory=physical_memory(),
        compute_efficiency=1.0,
        memory_efficiency=1.0,
        source=f"measured with NumPy {np.__version__} on {platform.processor() or platform.machine()}",
    )


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def physical_memory() -> float:
    """Bytes of memory that the machine has.

    Raises
    ------
    ScalelawError
        If the system does not say.
    """
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        raise ScalelawError("this system does not say how much memory it has; describe it with Hardware(...)") from None


def rate(seconds: float, size: int = 1024) -> float:
    """Operations a second of products of square fp32 matrices."""
    a = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    out = np.empty_like(a)
    return 2.0 * size**3 / best(lambda: np.matmul(a, a, out=out), seconds)


def bandwidth(seconds: float, size: int = 2**28) -> float:
    """Bytes a second of products of a matrix of ``size`` bytes, which no cache holds, with a vector."""
    rows = size // (4 * 4096)
    matrix = np.ones((rows, 4096), dtype=np.float32)
    vector = np.ones(4096, dtype=np.float32)
    out = np.empty(rows, dtype=np.float32)
    return matrix.nbytes / best(lambda: np.matmul(matrix, vector, out=out), seconds)


def best(work: Callable[[], object], seconds: float, *, least: int = 5) -> float:
    """Shortest time of the work, repeated for so long and at least so often, after one that does not count."""
    work()
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    """Measure, and print both rates as JSON."""
    seconds = float(sys.argv[1])
    size = min(2**28, int(physical_memory()) // 8)
    sys.stdout.write(json.dumps({"rate": rate(seconds), "bandwidth": bandwidth(seconds, size)}))


if __name__ == "__main__":
    main()
