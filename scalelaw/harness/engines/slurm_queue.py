"""How the jobs of a Slurm cluster are doing, from the queue and from the files that submitit leaves."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import CancelledError
from typing import Any

from scalelaw.errors import HarnessError

# Those in which a job is waiting, running or about to; whatever is none of them is over.
ALIVE = {"PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "STOPPED", "STAGE_OUT", "SIGNALING", "RESIZING", "REQUEUED"}
ALIVE |= {"REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD", "COMPLETING"}


class Queue:
    """What Slurm says of this user's jobs, asked at most every ``seconds``.

    submitit asks ``sacct``, and where a cluster keeps no accounts it waits for a dead job forever.
    """

    def __init__(self, seconds: float = 5.0):
        self.looks = 0
        self._seconds = seconds
        self._asked = -seconds
        self._states: dict[str, str] = {}

    def state(self, job_id: str, *, now: bool = False) -> str:
        """State of a job such as RUNNING; UNKNOWN if Slurm has forgotten it, or never answered."""
        if now or time.monotonic() - self._asked >= self._seconds:
            self._look()
        return self._states.get(job_id, "UNKNOWN")

    def _look(self) -> None:
        command = ["squeue", "--me", "--states=all", "--noheader", "--format=%A %T"]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        self._asked = time.monotonic()
        if answer.returncode == 0:  # else the controller is busy or restarting, and what it said before stands
            self._states = dict(line.split(maxsplit=1) for line in answer.stdout.splitlines())
            self.looks += 1


class Call:
    """The future of one job."""

    def __init__(self, job: Any, queue: Queue):
        self.job_id: str = job.job_id
        self._job = job
        self._queue = queue
        self._gone_since: int | None = None

    def done(self) -> bool:
        """Whether there is a result, or the job is gone and a look later, as files may lag, there still is none."""
        if self._job.paths.result_pickle.exists():
            return True
        state = self._queue.state(self.job_id)
        if self._queue.looks == 0 or state in ALIVE:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = self._queue.looks
        return self._gone_since is not None and self._queue.looks > self._gone_since

    def cancel(self) -> bool:
        """Take the job out of the queue if it has not begun, and say whether that was so."""
        subprocess.run(["scancel", "--state=PENDING", self.job_id], check=False, capture_output=True)
        return self._queue.state(self.job_id, now=True) == "CANCELLED"

    def exception(self) -> BaseException | None:
        """Wait, then return what was raised, or None."""
        return self._outcome()[1]

    def result(self) -> Any:
        """Wait, then return the result or raise."""
        value, error = self._outcome()
        if error is not None:
            raise error
        return value

    def _outcome(self) -> tuple[Any, BaseException | None]:
        while not self.done():
            time.sleep(1)
        if self._job.paths.result_pickle.exists():
            return self._job.result()
        state = self._queue.state(self.job_id)
        if state == "CANCELLED":
            return None, CancelledError(f"the Slurm job {self.job_id} was cancelled")
        return None, HarnessError(
            f"the Slurm job {self.job_id} ended without a result (state {state}): see {self._job.paths.stderr}, "
            "and run again to go on"
        )
