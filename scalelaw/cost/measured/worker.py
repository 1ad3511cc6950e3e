"""One setting, measured in a process of its own: a job as JSON on standard input, what was found on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scalelaw.cost.shape import Shape
from scalelaw.errors import ScalelawError
from scalelaw.extras import need

_SMALL = Shape(layers=1, width=32, heads=2, kv_heads=1, head_size=16, ffn=64, vocabulary=64, prefix_tokens=2)


def main() -> None:
    """Measure the job, and print JSON: what was found, or the ``error``."""
    job = json.loads(sys.stdin.read())
    try:
        found = measured(job)
    except (ScalelawError, MemoryError, RuntimeError) as error:
        found = {"error": f"{error}" or type(error).__name__}
    sys.stdout.write(json.dumps(found))


def measured(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds and bytes of one setting.

    Parameters
    ----------
    job : dict
        ``shape`` or ``config``, ``streams``, ``batch``, ``input_tokens``, ``output_tokens``, ``repeats``, ``warmup``,
        ``threads``, ``device``, ``dtype``.

    Returns
    -------
    dict
        ``prefill`` and ``per_token``, a number for each repeat (of the tokens the median); ``memory``, bytes at the
        peak above what the process held before there was a model; ``faults``, pages read back from disk meanwhile.
    """
    torch: Any = need("torch", extra="train", purpose="measuring costs")
    if job["device"] != "cpu":
        from scalelaw.harness.devices import choose

        choose(job["device"])
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    device = job["device"]
    dtype = getattr(torch, {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}[job["dtype"]])
    # what the first generation loads, code and kernels, is not the model's
    _generated(_model(_small(job), dtype)(), torch.zeros(1, 4, dtype=torch.long, device=device), 2, _nothing)
    memory = Memory(device)
    begin = _model(job, dtype)
    memory.forget_peak()  # of making random weights, which loading a model does not have
    prompt = torch.randint(0, _vocabulary(job), (job["batch"], job["input_tokens"]), device=device)
    wait = torch.cuda.synchronize if device.startswith("cuda") else _nothing
    found: dict[str, list[float]] = {"prefill": [], "per_token": []}
    faults = 0
    for turn in range(job["warmup"] + job["repeats"]):
        if turn == job["warmup"]:
            faults = major_faults()
        prefill, steps = _generated(begin(), prompt, job["output_tokens"], wait)
        if turn >= job["warmup"]:
            found["prefill"].append(prefill)
            found["per_token"].append(sorted(steps)[len(steps) // 2])
    return {**found, "memory": memory.peak(), "faults": major_faults() - faults}


def _generated(
    read: Callable[[Any], Any], prompt: Any, output_tokens: int, wait: Callable[[], object]
) -> tuple[float, list[float]]:
    """Seconds of the prompt and of every further token of a greedy generation."""
    times = []
    tokens = prompt
    for _ in range(max(2, output_tokens)):
        wait()
        begin = time.perf_counter()
        tokens = read(tokens).argmax(-1, keepdim=True)
        wait()
        times.append(time.perf_counter() - begin)
    return times[0], times[1:]


def _model(job: dict[str, Any], dtype: Any) -> Callable[[], Callable[[Any], Any]]:
    """What begins a generation: each call gives a reader with an empty cache."""
    if "config" in job:
        from scalelaw.cost.measured.huggingface import Reader, random_model

        pretrained = random_model(job["config"], job["streams"], dtype=dtype, device=job["device"])
        return lambda: Reader(pretrained, job["streams"])
    from scalelaw.cost.measured.decoding import Decoder, unmeaning

    model = unmeaning(Shape.from_dict(job["shape"]), job["streams"], dtype=dtype, device=job["device"])
    length = job["input_tokens"] + max(2, job["output_tokens"])
    return lambda: Decoder(model, batch=job["batch"], length=length)


def _small(job: dict[str, Any]) -> dict[str, Any]:
    """The least job that runs the same code."""
    sizes = {"input_tokens": 4, "output_tokens": 2, "batch": 1}
    if "config" in job:
        from scalelaw.cost.measured.huggingface import small

        return {**job, **sizes, "config": small(job["config"])}
    return {**job, **sizes, "shape": _SMALL.to_dict()}


def _vocabulary(job: dict[str, Any]) -> int:
    return Shape.from_config(job["config"]).vocabulary if "config" in job else job["shape"]["vocabulary"]


class Memory:
    """The most memory held since this was made or the peak forgotten: CUDA's allocator's, else what is resident."""

    def __init__(self, device: str):
        self.device = device
        if device.startswith("cuda"):
            import torch

            self.before = torch.cuda.memory_allocated()
        else:
            self.before = _resident()
        self.forget_peak()

    def forget_peak(self) -> None:
        """Let the peak begin here."""
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.reset_peak_memory_stats()
        else:
            _reset_peak()

    def peak(self) -> int:
        """Bytes above those held in the beginning."""
        if self.device.startswith("cuda"):
            import torch

            return int(torch.cuda.max_memory_allocated()) - self.before
        return _peak_resident() - self.before


def major_faults() -> int:
    """Pages that this process had to read back from disk: where memory is short, and the machine swaps."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _peak_resident() -> int:
    value = _status("VmHWM")
    if value is None:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return value


def _resident() -> int:
    value = _status("VmRSS")
    return _peak_resident() if value is None else value


def _reset_peak() -> None:
    """Let the peak begin here, where Linux lets it; elsewhere it began with the process."""
    place = Path("/proc/self/clear_refs")
    if place.exists():
        try:
            place.write_text("5")
        except OSError:
            return  # the peak of loading PyTorch is below that of any model worth measuring


def _status(name: str) -> int | None:
    place = Path("/proc/self/status")
    if not place.exists():
        return None
    lines = (line.split() for line in place.read_text().splitlines())
    return next((int(parts[1]) * 1024 for parts in lines if parts[0] == f"{name}:"), None)


def _nothing() -> None:
    """On a CPU there is nothing to wait for."""


if __name__ == "__main__":
    main()
