"""The machine at hand: what it has, and what it reaches as a process of its own finds."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

from scalelaw.cost.hardware import Hardware
from scalelaw.errors import ScalelawError

NOISY = 0.2
"""Above which a measurement is flagged: the spread of its repeats, or the share of time that others took of it."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")


def measure(*, threads: int | None, seconds: float) -> Hardware:
    """See :meth:`Hardware.measure`; threads are settled when libraries are loaded, hence the new process."""
    wanted = processors() if threads is None else threads
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise ScalelawError(f"threads is {threads!r}; it must be a whole number of at least 1")
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(wanted))}
    command = [sys.executable, "-m", "scalelaw.cost.probes", str(wanted), str(seconds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ScalelawError(f"measuring this machine failed ({last}); free some memory and try again")
    found = json.loads(done.stdout)
    by = found.pop("with")
    return Hardware(
        name=f"this machine, {wanted} {'thread' if wanted == 1 else 'threads'}",
        peak={"fp32": found.pop("peak")},
        memory=physical_memory(),
        compute_efficiency=1.0,
        memory_efficiency=1.0,
        source=f"measured with {by} on {platform.processor() or platform.machine()}",
        noisy=found.pop("disturbed") > NOISY,
        **found,
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
