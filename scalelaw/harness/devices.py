"""Where a cell is trained, and in which precision."""

from __future__ import annotations

import contextlib
import os

import torch

from scalelaw.errors import HarnessError


def choose(device: str = "auto") -> torch.device:
    """The device of that name; ``auto`` is CUDA where there is one, else Apple's MPS, else the CPU.

    Raises
    ------
    HarnessError
        If the device is not known or not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        device = next(name for name, is_there in there.items() if is_there)
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise HarnessError(f"device {device!r} is not known; choose auto, cpu, cuda, cuda:1 or mps") from None
    if not there.get(chosen.type, False):
        raise HarnessError(f"device {device} is not available on this machine; choose auto, or {_names(there)}")
    if device == "cuda":  # under torchrun each process has a device of its own
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return chosen


def precision(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """bf16 autocast on CUDA; float32 elsewhere (on many CPUs bf16 is tens of times slower)."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def be_deterministic(device: torch.device) -> None:
    """The same cell gives the same loss to the last digit: on CUDA that has to be asked for."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


def _names(there: dict[str, bool]) -> str:
    return ", ".join(name for name, is_there in there.items() if is_there)
