"""Which of the processes of one cell says what went wrong: the first, and another one what the first does not know."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

from scalelaw.harness import torchrun

_WAIT = 10.0  # seconds for the first process to meet the same, from the start of the slower one
_LOOK = 0.1


def is_said_elsewhere(message: str) -> bool:
    """Whether the first process says the same, so that this one need not; the first leaves word of what it says.

    Of what is wrong with one process alone, such as a device that is missing on its machine, nobody else could speak.
    They meet at the store that ``torchrun`` keeps; started by something else, every process says what it has to.
    """
    if torchrun.processes() == 1 or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return False
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    key = f"scalelaw/error/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"
    try:
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(address, port, is_master=False, timeout=timedelta(seconds=_WAIT))
        if torchrun.rank() == 0:
            store.set(key, message)
            return False
        return _waited_for(store, key) and bool(store.get(key).decode() == message)
    except (RuntimeError, KeyError, ValueError):  # the store has gone, or the first process has nothing to say
        return False


def _waited_for(store: Any, key: str) -> bool:
    """Whether there is such a key within some seconds; the store's own waiting complains aloud when they are over."""
    deadline = time.monotonic() + _WAIT
    while not (found := bool(store.check([key]))) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    return found
