"""Tables of costs and of machines, as the shell shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scalelaw.cost import MACHINES, Hardware, Shape, breakdown
from scalelaw.errors import ScalelawError
from scalelaw.files import write_atomically

_WHAT = ["N", "P", "batch", "input_tokens", "output_tokens"]
_TOTALS = ["memory", "prefill", "per_token", "decode", "latency"]


def costs(
    shapes: Sequence[Shape],
    streams: Sequence[int],
    hardware: Hardware | str,
    *,
    terms: bool = False,
    plain: bool = False,
    **service: Any,
) -> pd.DataFrame:
    """Memory and latency of every shape with every number of streams, a row each.

    Parameters
    ----------
    shapes, streams
        All are combined.
    hardware : Hardware or str
    terms : bool
        Keep every term beside the totals.
    plain : bool
        Bytes and seconds, instead of GiB and milliseconds a token.
    **service
        As for `scalelaw.cost.breakdown`.

    Examples
    --------
    >>> from scalelaw.cost import PAPER
    >>> frame = costs([PAPER["1.6B"]], [1, 8], "a100", input_tokens=512, output_tokens=512)
    >>> frame[["P", "memory", "per_token"]].round(2).values.tolist()
    [[1.0, 3.41, 1.98], [8.0, 3.84, 2.11]]
    """
    listed = np.empty((len(shapes), 1), dtype=object)
    listed[:, 0] = list(shapes)
    peak = hardware.peak if isinstance(hardware, Hardware) else Hardware.named(hardware).peak
    compute = {"compute": "fp16" if "fp16" in peak else next(iter(peak))}
    frame = breakdown(listed, np.asarray(streams), hardware=hardware, **{**compute, **service})
    if not terms:
        frame = frame[_WHAT + _TOTALS].copy()
    if not plain:
        for name in frame:
            if str(name).startswith("memory"):
                frame[name] = frame[name] / 2**30
        frame["per_token"] *= 1e3
    return frame


def machines(*, measure: bool = False) -> pd.DataFrame:
    """The machines known, or this one measured on one thread and on all.

    Returns
    -------
    DataFrame
        ``name``, ``fp16`` and ``fp32`` (10^12 operations a second; NaN where there is none), ``bandwidth`` (GB/s),
        ``memory`` (GB), ``source``, and ``derived``, the fields that the vendor does not state: `Hardware.derived` says
        how they came about.
    """
    listed = [Hardware.measure(threads=1), Hardware.measure()] if measure else list(MACHINES.values())
    return pd.DataFrame(
        {
            "name": each.name,
            "fp16": each.peak.get("fp16", np.nan) / 1e12,
            "fp32": each.peak.get("fp32", np.nan) / 1e12,
            "bandwidth": each.bandwidth / 1e9,
            "memory": each.memory / 1e9,
            "source": each.source,
            "derived": ", ".join(each.derived),
        }
        for each in listed
    )


def measured(
    sizes: Sequence[str], path: Path, *, read: Callable[[str], Shape], huggingface: bool = False, **options: Any
) -> pd.DataFrame:
    """Measure models by their sizes or configurations, and write the table to a parquet file.

    Parameters
    ----------
    sizes : sequence of str
    path : Path
        A file whose name ends in ``.parquet``; its folder must exist.
    read : callable
        From one of the sizes to its shape.
    huggingface : bool
        Measure transformers' model; every size is then a ``config.json``.
    **options
        As for `scalelaw.cost.measured.measure_costs`.

    Raises
    ------
    ScalelawError
        If the file cannot be one, which is said before anything is measured, or a size is no configuration.
    """
    import json

    from scalelaw.cost.measured import measure_costs

    if path.suffix != ".parquet" or not path.parent.is_dir():
        raise ScalelawError(f"cannot write {path}: name a .parquet file in a folder that exists")
    if huggingface and not all(each.endswith(".json") for each in sizes):
        raise ScalelawError("a Hugging Face model is measured from its config.json; name that file as the size")
    shapes = [read(each) for each in sizes]
    configs = [json.loads(Path(each).read_text(encoding="utf-8")) if huggingface else None for each in sizes]
    frames = [measure_costs(shape, config=config, **options) for shape, config in zip(shapes, configs, strict=True)]
    frame = pd.concat(frames, ignore_index=True)
    write_atomically(path, lambda file: frame.to_parquet(file, index=False))
    return frame
