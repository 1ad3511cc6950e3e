"""Tables of costs and of machines, as the shell shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scalelaw.cost import MACHINES, Hardware, Shape, breakdown
from scalelaw.cost.hardware import hardware_of
from scalelaw.errors import ScalelawError

_WHAT = ["N", "P", "batch", "input_tokens", "output_tokens"]
_TOTALS = ["memory", "prefill", "per_token", "decode", "latency"]
_PARTS = {"memory": "GiB", "prefill": "s", "decode": "s", "per_token": "ms", "latency": "s"}


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
    machine = hardware_of(hardware)
    compute = {"compute": machine.computes_in("fp16")}
    frame = breakdown(listed, np.asarray(streams), hardware=machine, **{**compute, **service})
    if not terms:
        frame = frame[_WHAT + _TOTALS].copy()
    if not plain:
        for name in frame:
            if str(name).startswith("memory"):
                frame[name] = frame[name] / 2**30
        frame["per_token"] *= 1e3
    return frame


def terms_text(frame: pd.DataFrame) -> str:
    """The frame of `costs` with every term for the eye: a column for each setting, terms below what they sum to."""
    rows: dict[str, list[str]] = {}
    for name in _WHAT:
        rows[name.replace("_", " ")] = [f"{value:,}" for value in frame[name]]
    for part, unit in _PARTS.items():
        rows[f"{part.replace('_', ' ')}, {unit}"] = [f"{value:.4g}" for value in frame[part]]
        for name in (each for each in map(str, frame) if each.startswith(f"{part}_") and each not in _PARTS):
            rows[f"  {part} {name.removeprefix(f'{part}_')}"] = [f"{value:.4g}" for value in frame[name]]
    width = max(map(len, rows))
    columns = [max(map(len, column)) for column in zip(*rows.values(), strict=True)]
    return "\n".join(
        "  ".join([name.ljust(width), *(text.rjust(wide) for text, wide in zip(texts, columns, strict=True))])
        for name, texts in rows.items()
    )


def machines(*, measure: bool = False) -> pd.DataFrame:
    """The machines known, or this one measured on one thread and on all.

    Returns
    -------
    DataFrame
        ``name``, ``fp16`` and ``fp32`` (10^12 operations a second; NaN where there is none), ``bandwidth`` (GB/s),
        ``memory`` (GB), ``source``, and ``derived``, the fields that the vendor does not state: `Hardware.derived` says
        how they came about. Of a measured machine instead ``overhead`` (seconds a layer), ``product_rows``,
        ``attention``, the share of the rate that attention reaches, and ``noisy``, whether it was busy meanwhile.
    """
    listed = [Hardware.measure(threads=1), Hardware.measure()] if measure else list(MACHINES.values())
    frame = pd.DataFrame(
        {
            "name": each.name,
            "fp16": each.peak.get("fp16", np.nan) / 1e12,
            "fp32": each.peak.get("fp32", np.nan) / 1e12,
            "bandwidth": each.bandwidth / 1e9,
            "memory": each.memory / 1e9,
            "overhead": each.overhead,
            "product_rows": each.product_rows,
            "attention": each.attention_efficiency,
            "noisy": "noisy" if each.noisy else "",
            "source": each.source,
            "derived": ", ".join(each.derived),
        }
        for each in listed
    )
    of_measured = ["overhead", "product_rows", "attention", "noisy"]
    return frame.drop(columns=["fp16", "derived"] if measure else of_measured)


def machines_text(frame: pd.DataFrame) -> str:
    """The frame of `machines` for the eye: rates in a table, and below it where they are from."""
    names = [f"{row['name']}: {row['source']}" for row in frame.to_dict("records")]
    rates = frame.drop(columns="source").to_string(index=False, na_rep="", float_format="{:.4g}".format)
    units = "in 10^12 operations a second, bandwidth in GB/s, memory in GB"
    if "derived" in frame:
        notes = [f"fp16 and fp32 {units}; derived is what the vendor does not state."]
    else:
        notes = [
            f"fp32 {units}, overhead in seconds a layer,",
            "product_rows in rows that a product of several costs besides, attention as a share of fp32.",
        ]
        if frame["noisy"].any():
            notes.append("The machine was busy meanwhile; do not rely on what is noisy, and measure it again.")
    return "\n".join([rates, "", *notes, "", *names])


def measured(
    sizes: Sequence[str], path: Path, *, read: Callable[[str], Shape], huggingface: bool = False, **options: Any
) -> pd.DataFrame:
    """Measure models by their sizes or configurations, and write every row to a parquet file as it comes.

    Parameters
    ----------
    sizes : sequence of str
    path : Path
        A file whose name ends in ``.parquet``; its folder must exist. What it holds already is not measured again.
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

    if huggingface and not all(_is_config(each) for each in sizes):
        raise ScalelawError("a Hugging Face model is measured from its config.json; name that file as the size")
    if not sizes:
        raise ScalelawError("name a model to measure: a size such as 100M, or the config.json of one")
    frame = pd.DataFrame()
    for each in sizes:
        shape = read(each)
        config = json.loads(_file(each).read_text(encoding="utf-8")) if huggingface else None
        frame = measure_costs(shape, config=config, into=path, **options)
    return frame


def _is_config(text: str) -> bool:
    return text.endswith(".json") or Path(text).is_dir()


def _file(text: str) -> Path:
    return Path(text) / "config.json" if Path(text).is_dir() else Path(text)


def readable(measured: pd.DataFrame) -> pd.DataFrame:
    """A table of `measure_costs` for the eye: milliseconds and GiB, each with what the roofline predicts beside it."""
    shown = measured[["model", "N", "P", "batch", "input_tokens", "output_tokens"]].copy()
    units = {"prefill": ("prefill ms", 1e-3), "per_token": ("token ms", 1e-3), "memory": ("GiB", 2**30)}
    for place, (name, (title, unit)) in enumerate(units.items()):
        shown[title] = (measured[name] / unit).map("{:.3g}".format)
        # a name of its own for each column, which reads the same
        shown["predicted" + " " * place] = (measured[f"predicted_{name}"] / unit).map("{:.3g}".format)
    return shown.assign(noisy=np.where(measured["noisy"], "noisy", ""))
