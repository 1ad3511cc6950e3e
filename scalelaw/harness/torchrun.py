"""Which process of a cell this is, where ``torchrun``, or another launcher with its variables, started several.

And which of several cells side by side on one machine it has.
"""

import os

JOB_NUMBER = "SCALELAW_JOB"


def rank() -> int:
    """Number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def processes() -> int:
    """How many there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_rank() -> int | None:
    """Number of this process on its machine, from 0; None where no launcher says it."""
    number = os.environ.get("LOCAL_RANK")
    return None if number is None else int(number)


def job_number() -> int:
    """Number of this process among the jobs side by side on its machine, from 0."""
    return int(os.environ.get(JOB_NUMBER, "0"))
