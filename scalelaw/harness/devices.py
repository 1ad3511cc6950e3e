"""Where a cell is trained, and in which precision."""

from __future__ import annotations

import contextlib
import os

import torch

from scalelaw.errors import HarnessError
from scalelaw.harness import torchrun


def choose(device: str = "auto") -> torch.device:
    """The device of that name; ``auto`` is CUDA where there is one, else Apple's MPS, else the CPU.

    Raises
    ------
    HarnessError
        If the device is not known or not there.
    """
    there = _there()
    if device == "auto":
        device = next(name for name, count in there.items() if count)
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise HarnessError(f"device {device!r} is not known; choose auto, cpu, cuda, cuda:1 or mps") from None
    if device == "cuda":  # each process of torchrun has a device of its own; jobs side by side take turns
        own = torchrun.local_rank()
        chosen = torch.device("cuda", torchrun.job_number() % max(there["cuda"], 1) if own is None else own)
    if (chosen.index or 0) >= there.get(chosen.type, 0):
        raise HarnessError(f"device {chosen} is not available on this machine; choose auto, or {_names(there)}")
    return chosen


def precision(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """bf16 autocast on CUDA; float32 elsewhere (on many CPUs bf16 is tens of times slower)."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def be_deterministic(device: torch.device) -> None:
    """The same cell gives the same loss to the last digit: on CUDA that has to be asked for.

    Not as a warning only: backward passes of fused attention keep their unordered sums then.
    """
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)


def _there() -> dict[str, int]:
    """Devices of each type on this machine, the most wanted type first."""
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {"cuda": cuda, "mps": int(torch.backends.mps.is_available()), "cpu": 1}


def _names(there: dict[str, int]) -> str:
    names = (name if count == 1 else f"{name}:0 to {name}:{count - 1}" for name, count in there.items() if count)
    return ", ".join(names)
