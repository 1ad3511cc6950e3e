"""Every setting in a fresh process: median, spread, and what the roofline predicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.cost.hardware import Hardware, hardware_of
from scalelaw.cost.machine import processors
from scalelaw.cost.measured.table import Table
from scalelaw.cost.models.roofline import Roofline
from scalelaw.cost.parameters import check_streams, parameters
from scalelaw.cost.serving import decode, memory, prefill
from scalelaw.cost.setting import check_dtype, whole
from scalelaw.cost.shape import Shape
from scalelaw.errors import ScalelawError

if TYPE_CHECKING:
    import pandas as pd

# glibc then gives back what is freed, at once: slower, but what is resident is what is held
_EXACT = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


def measure_costs(
    shapes: Shape | Sequence[Shape],
    *,
    streams: Any = (1, 2, 4, 8),
    batch: Any = (1, 2, 4, 8),
    input_tokens: Any = 64,
    output_tokens: Any = 32,
    repeats: int = 5,
    warmup: int = 1,
    threads: int | None = None,
    device: str = "cpu",
    dtype: str = "fp32",
    hardware: Hardware | str | None = None,
    config: Mapping[str, Any] | None = None,
    into: str | os.PathLike[str] | None = None,
    again: bool = False,
    progress: Callable[[str], object] | None = None,
) -> pd.DataFrame:
    """Measure prefill, decoding and memory of the harness's model, or of a Hugging Face one, on this machine.

    Every combination of shape, P, batch and lengths runs in a process of its own, with random weights: a prompt is read
    and tokens are generated greedily with a cache, ``warmup`` times unmeasured and ``repeats`` times measured.

    Parameters
    ----------
    shapes : Shape or sequence of Shape
    streams, batch, input_tokens, output_tokens : int or sequence of int
        All are combined.
    repeats, warmup : int
    threads : int, optional
        By default all processors that this process may use.
    device : str
        ``cpu``, ``cuda``, ...
    dtype : {"fp32", "bf16", "fp16"}
        Of weights, cache and products.
    hardware : Hardware or str, optional
        What the prediction is for; by default this machine as `Hardware.measure` finds it. Needed on other devices than
        the CPU.
    config : mapping, optional
        What a ``config.json`` holds: that model of transformers is measured instead of the harness's, and ``shapes``
        should be its `Shape.from_config`. Streams are added to it as `scalelaw.pretrained.add_streams` does.
    into : path, optional
        A parquet file that every row is written to as soon as it is measured. Settings that it holds already are not
        measured again, so that a run that was stopped goes on where it stopped.
    again : bool
        Measure those of its rows again that are noisy.
    progress : callable, optional
        Told which setting is being measured.

    Returns
    -------
    DataFrame
        With ``into`` all that the file holds then. ``model`` ("harness", or the ``model_type`` of transformers), ``N``,
        ``P``, ``batch``, ``input_tokens``, ``output_tokens``; ``prefill`` and ``per_token`` (seconds, medians of the
        repeats) with their ``_spread``; ``latency`` (prefill and all further tokens), ``tokens_per_second`` (of all
        sequences), ``memory`` (bytes held at the peak) and ``resident`` (with what the allocator keeps);
        ``predicted_prefill``, ``_per_token``, ``_latency`` and ``_memory`` by the roofline; ``swapped``, pages
        read back from disk; ``threads``, ``device``, ``dtype``, ``hardware``, ``repeats``, ``shape``, its fields as
        JSON; ``noisy``, whether a spread is above 20 % or the machine swapped.

    Raises
    ------
    ScalelawError
        If a number or name means nothing, or a measurement fails: its setting is named.

    Notes
    -----
    Memory on a CPU is resident memory above that of the process before there was a model, in a second process whose
    allocator gives back what is freed (glibc's, so on Linux): otherwise up to twice of what is held beside the weights
    stays resident, which is ``resident``. On CUDA it is the allocator's. Making random weights does not count.
    A model of transformers joins its cache anew in every step, and puts prefixes before it: copies of keys and values
    that the roofline does not count.
    """
    jobs = _jobs(shapes, streams, batch, input_tokens, output_tokens)
    check_dtype(dtype)
    common: dict[str, Any] = {
        "repeats": int(whole("repeats", repeats)),
        "warmup": int(whole("warmup", warmup)) if warmup else 0,
        "threads": int(whole("threads", threads)) if threads is not None else processors(),
        "device": device,
        "dtype": dtype,
    }
    model = "harness" if config is None else str(config.get("model_type"))
    keys = [_key(model, shape, sizes, common) for shape, sizes in jobs]
    table = Table(into, again=again)
    left = [(key, *job) for key, job in zip(keys, jobs, strict=True) if key not in table]
    if hardware is None and left:
        if device != "cpu":
            raise ScalelawError(
                f"what {device} is cannot be measured; name the machine that predictions are for, as in hardware='a100'"
            )
        hardware = Hardware.measure(threads=common["threads"])
        if hardware.noisy and progress is not None:
            progress("this machine was busy while its rates were measured: do not rely on what is predicted")
    for place, (key, shape, sizes) in enumerate(left, start=1):
        if progress is not None:
            done = f"{place} of {len(left)}: " if len(left) > 1 else ""
            progress(done + ", ".join(f"{name} {value}" for name, value in sizes.items()))
        what = {"config": dict(config)} if config is not None else {"shape": shape.to_dict()}
        found = _summary(_found({**what, **sizes, **common}), sizes)
        machine = hardware_of(hardware)  # type: ignore[arg-type]
        predicted = _predicted(
            shape, sizes, machine, dtype, Roofline(prefix="cache" if config is None else "attention")
        )
        N = parameters(shape, sizes["streams"])["N"]
        table.add({**key, "N": N, **found, **predicted, "hardware": machine.name, "repeats": common["repeats"]})
    return table.frame()


def _jobs(shapes: Any, *given: Any) -> list[tuple[Shape, dict[str, int]]]:
    """Every combination, by its arguments' names."""
    from itertools import product

    names = ("streams", "batch", "input_tokens", "output_tokens")
    listed = [shapes] if isinstance(shapes, Shape) else list(shapes)
    if not listed or not all(isinstance(each, Shape) for each in listed):
        raise ScalelawError("what is measured is a Shape or several; see Shape.sized and Shape.from_config")
    values = [np.ravel(whole(name, each)).tolist() for name, each in zip(names, given, strict=True)]
    for each in values[0]:
        check_streams(each)
    return [(shape, dict(zip(names, each, strict=True))) for shape in listed for each in product(*values)]


def _key(model: str, shape: Shape, sizes: dict[str, int], common: dict[str, Any]) -> dict[str, Any]:
    """What tells one measurement from another."""
    how = {name: common[name] for name in ("threads", "device", "dtype")}
    return {"model": model, **_named(sizes), **how, "shape": json.dumps(shape.to_dict())}


def _named(sizes: dict[str, int]) -> dict[str, int]:
    return {"P" if name == "streams" else name: value for name, value in sizes.items()}


def _found(job: dict[str, Any]) -> dict[str, Any]:
    """What workers found: of the times one, and on a CPU another of the memory, as an allocator keeps what is freed."""
    found = _in_a_process(job, {})
    if job["device"] != "cpu":
        return found | {"resident": found["memory"]}
    held = _in_a_process({**job, "warmup": 0, "repeats": 1}, _EXACT)
    return found | {"resident": found["memory"], "memory": held["memory"]}


def _in_a_process(job: dict[str, Any], settings: dict[str, str]) -> dict[str, Any]:
    """What the worker found, with some more variables in its environment."""
    threads = {"OMP_NUM_THREADS": str(job["threads"]), "MKL_NUM_THREADS": str(job["threads"])}
    environment = {**os.environ, **threads, **settings}
    command = [sys.executable, "-m", "scalelaw.cost.measured.worker"]
    done = subprocess.run(command, input=json.dumps(job), env=environment, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        killed = done.returncode < 0
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        reason = f"killed by signal {-done.returncode}, as happens where memory is short" if killed else last
        found = {"error": reason}
    if "error" in found:
        raise ScalelawError(
            f"measuring P = {job['streams']} at batch {job['batch']} failed ({found['error']}); take a smaller model "
            f"or batch, or another device"
        )
    return dict(found)


def _summary(found: dict[str, Any], sizes: dict[str, int]) -> dict[str, float]:
    """Medians and spreads of the repeats."""
    row: dict[str, float] = {}
    for name in ("prefill", "per_token"):
        times = np.asarray(found[name], dtype=float)
        row[name] = float(np.median(times))
        row[f"{name}_spread"] = float(np.ptp(times) / np.median(times))
    row["latency"] = row["prefill"] + (sizes["output_tokens"] - 1) * row["per_token"]
    row["tokens_per_second"] = sizes["batch"] / row["per_token"]
    memory = {name: float(found[name]) for name in ("memory", "resident")}
    return row | memory | {"swapped": int(found["faults"])}


def _predicted(shape: Shape, sizes: dict[str, int], machine: Hardware, dtype: str, model: Roofline) -> dict[str, float]:
    """The roofline's answer for the same setting."""
    served: dict[str, Any] = {name: value for name, value in sizes.items() if name != "streams"}
    served |= {"weights": dtype, "cache": dtype, "compute": machine.computes_in(dtype), "model": model}
    P = sizes["streams"]
    first, each = (cost(shape, P, hardware=machine, **served) for cost in (prefill, decode))
    return {
        "predicted_prefill": first,
        "predicted_per_token": each,
        "predicted_latency": first + (sizes["output_tokens"] - 1) * each,
        "predicted_memory": memory(shape, P, **served),
    }
