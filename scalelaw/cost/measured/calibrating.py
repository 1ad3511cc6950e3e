"""How near predictions come to what was measured, and the efficiencies and overheads of a machine from that."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.cost.hardware import Hardware
from scalelaw.cost.serving import decode, prefill
from scalelaw.cost.shape import Shape
from scalelaw.errors import ScalelawError

if TYPE_CHECKING:
    import pandas as pd

LEAST = 6
"""Rows without which five numbers cannot be found."""
_BEGIN = {
    "compute_efficiency": 0.7,
    "memory_efficiency": 0.7,
    "overhead": 1e-4,
    "product_rows": 4.0,
    "attention_efficiency": 0.5,
}
SHARP = 0.01
"""Error in ln seconds below which errors count squared."""
_OVERHEADS = (1e-6, 1e-4, 1e-3)
_PARTS = ("prefill", "per_token")


def calibrated(hardware: Hardware, measured: pd.DataFrame) -> Hardware:
    """The machine with the efficiencies and overheads under which the roofline comes nearest to a table.

    Found are ``compute_efficiency``, ``memory_efficiency``, ``attention_efficiency``, ``overhead`` and
    ``product_rows``.

    They minimise the sum of sqrt(1 + (z / 0.01)^2), z = ln predicted - ln measured, over prefill and time a token of
    all rows, noisy ones left out: nearly the sum of absolute errors, from three starts. What is predicted for the same
    rows afterwards is a fit and not a prediction: calibrate on some settings and compare on others.

    Parameters
    ----------
    hardware : Hardware
        Such as `Hardware.measure` gives; its rates are not changed.
    measured : DataFrame
        Of `measure_costs`.

    Raises
    ------
    ScalelawError
        If fewer than six rows can be relied on.
    """
    from scipy.optimize import least_squares

    rows = measured[~measured["noisy"]]
    if len(rows) < LEAST:
        raise ScalelawError(
            f"a calibration needs {LEAST} measurements that are not noisy, and there are {len(rows)}; measure again on "
            f"a quiet machine"
        )
    ask = _asker(rows)
    truth = np.concatenate([np.asarray(rows[name], dtype=float) for name in _PARTS])

    def distances(x: np.ndarray) -> np.ndarray:
        return np.log(ask(_with(hardware, x)) / truth)

    most = [0.0 if name.endswith("efficiency") else 10.0 for name in _BEGIN]
    found = [
        least_squares(distances, start, bounds=(-25.0, most), loss="soft_l1", f_scale=SHARP, x_scale=1.0)
        for start in (np.log([*{**_BEGIN, "overhead": overhead}.values()]) for overhead in _OVERHEADS)
    ]
    best = _with(hardware, min(found, key=lambda each: float(each.cost)).x)
    return replace(best, name=f"{hardware.name}, calibrated")


def errors(hardware: Hardware, measured: pd.DataFrame) -> dict[str, float]:
    """Median relative errors of the roofline on a machine, |predicted / measured - 1|, of rows that are not noisy.

    Returns
    -------
    dict
        ``prefill``, ``per_token``, ``latency`` (both together) and ``memory``.
    """
    rows = measured[~measured["noisy"]]
    return {name: float(np.median(error)) for name, error in _errors(hardware, rows).items()}


def crossed_errors(hardware: Hardware, measured: pd.DataFrame) -> dict[str, float]:
    """The same, each row predicted by a machine that was `calibrated` on rows without it: on every other row.

    Raises
    ------
    ScalelawError
        If fewer than twelve rows can be relied on.
    """
    rows = measured[~measured["noisy"]]
    halves = [rows.iloc[0::2], rows.iloc[1::2]]
    found = [_errors(calibrated(hardware, one), other) for one, other in zip(halves, reversed(halves), strict=True)]
    return {name: float(np.median(np.concatenate([each[name] for each in found]))) for name in found[0]}


def _errors(hardware: Hardware, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Relative errors of each row."""
    first, each = _asker(rows)(hardware).reshape(len(_PARTS), -1)
    predicted = {
        "prefill": first,
        "per_token": each,
        "latency": first + (rows["output_tokens"].to_numpy() - 1) * each,
        "memory": rows["predicted_memory"].to_numpy(),
    }
    return {name: np.abs(value / rows[name].to_numpy() - 1) for name, value in predicted.items()}


def _with(hardware: Hardware, x: np.ndarray) -> Hardware:
    """The machine with the numbers whose logarithms are given."""
    return replace(hardware, **dict(zip(_BEGIN, np.exp(x).tolist(), strict=True)))


def _asker(rows: pd.DataFrame) -> Any:
    """What predicts prefill and time a token of all rows on a machine, one after the other in one array."""
    shapes = np.array([Shape.from_dict(json.loads(each)) for each in rows["shape"]], dtype=object)
    kinds = rows["dtype"].to_numpy(dtype=object)
    served = {name: rows[name].to_numpy() for name in ("batch", "input_tokens", "output_tokens")}
    if len(set(kinds)) != 1:
        raise ScalelawError("a calibration is of one data type; choose the rows of one")

    def ask(hardware: Hardware) -> np.ndarray:
        given = {**served, "weights": kinds[0], "cache": kinds[0], "hardware": hardware}
        given["compute"] = hardware.computes_in(kinds[0])
        return np.concatenate([cost(shapes, rows["P"].to_numpy(), **given) for cost in (prefill, decode)])

    return ask
