"""Go on with the sweep of a folder until it is complete.

Usage, from the root of the repository: python -m benchmarks.workers.sweep_worker FOLDER JOBS
"""

import sys

from benchmarks.sweeps import TRAIN
from scalelaw.harness import sweep


def main() -> None:
    """One call; what is wrong goes to standard error."""
    outcome = sweep.run(sys.argv[1], jobs=int(sys.argv[2]), device="cpu", checkpoint_seconds=0.5, train=TRAIN)
    if not outcome.complete:
        raise SystemExit(f"the sweep is not complete: {outcome.text}")


if __name__ == "__main__":
    main()
