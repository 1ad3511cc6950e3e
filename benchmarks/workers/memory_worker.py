"""The memory that training steps of P streams take, in a process of its own; prints bytes as JSON.

Usage, from the root of the repository: python -m benchmarks.workers.memory_worker STREAMS

``before`` is the resident memory of the process after one step on one sequence of 8 tokens: interpreter, torch,
weights, gradients' room and AdamW's moments. ``peak`` is the most that was ever resident, after three full steps.
"""

import json
import re
import sys
from pathlib import Path

from benchmarks.steps import Step, one_thread


def resident(field: str) -> int:
    """VmRSS, now, or VmHWM, at most so far, in bytes; getrusage would count what the parent had before the start."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"/proc/self/status has no {field}")
    return int(found[1]) * 1024


def main() -> None:
    """Measure one number of streams."""
    one_thread()
    step = Step(int(sys.argv[1]))
    inputs, targets = step.inputs, step.targets
    step.inputs, step.targets = inputs[:1, :8], targets[:1, :8]
    step()
    before = resident("VmRSS")
    step.inputs, step.targets = inputs, targets
    for _ in range(3):
        step()
    json.dump({"before": before, "peak": resident("VmHWM")}, sys.stdout)


if __name__ == "__main__":
    main()
