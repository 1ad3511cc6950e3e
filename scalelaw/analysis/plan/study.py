"""The paper's cost figure from points measured on the machine at hand: what streams add, and what parameters add."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.equivalence import equivalence
from scalelaw.analysis.plan.measured import measured_ways
from scalelaw.analysis.plan.ways import added_at_equal_loss, shape_of, sized_like
from scalelaw.cost import Hardware, Shape, parameters
from scalelaw.cost.described import read_hardware
from scalelaw.cost.measured import crossed_errors, errors, measure_costs
from scalelaw.cost.measured.table import read_measured
from scalelaw.cost.setting import whole
from scalelaw.cost.units import duration, size
from scalelaw.errors import ScalelawError
from scalelaw.files import write_atomically

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

TABLE, MACHINE = "costs.parquet", "hardware.json"
BEYOND = 1.03
"""By which the largest model of one stream exceeds what is as good as the most streams, so that it encloses them."""
_SPLIT = 12
"""Rows from which half of them calibrate a machine."""


@dataclass(frozen=True)
class CostStudy:
    """What was measured, beside what was predicted.

    Attributes
    ----------
    measured : DataFrame
        That of `scalelaw.cost.measured.measure_costs`, of this study's models.
    ways : DataFrame
        That of `measured_ways`, for `scalelaw.plot.cost_panels`.
    added : DataFrame
        That of `added_at_equal_loss` from what was measured, with ``memory_ratio_predicted`` and
        ``latency_ratio_predicted``.
    accuracy : DataFrame
        Median relative errors of ``prefill``, ``per_token``, ``latency`` and ``memory``: predicted by the machine as
        `Hardware.measure` found it, and, of twelve rows or more, by one calibrated on the other half of the rows.
    hardware : Hardware
    """

    measured: pd.DataFrame
    ways: pd.DataFrame
    added: pd.DataFrame
    accuracy: pd.DataFrame
    hardware: Hardware

    def report(self) -> str:
        """What was found, in words and tables."""
        return _report(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        tables = {name: getattr(self, name).to_dict("records") for name in ("measured", "added", "accuracy")}
        return {**tables, "hardware": self.hardware.to_dict()}


def study_costs(
    folder: str | os.PathLike[str],
    fit: Fit,
    *,
    base: Shape | str | float = "100M",
    streams: Any = (1, 2, 4, 8),
    batch: Any = (1, 2, 4, 8),
    threads: int | None = None,
    again: bool = False,
    progress: Callable[[str], object] | None = None,
    **how: Any,
) -> CostStudy:
    """Measure a model with streams, and models of one stream that are as good by a law, on this machine.

    The machine is measured first, ``hardware.json`` in the folder, then every setting, a row each of
    ``costs.parquet``. What the folder holds already is not measured again, so that a study that was stopped goes on.

    Parameters
    ----------
    folder : path
        Made if it does not exist.
    fit : Fit
        Of a law in N and P: it says how many parameters are as good as streams.
    base : Shape, name of a size of the paper, or number of parameters
        The model that streams are added to. Its weights are random: cost does not depend on what they mean.
    streams, batch : sequence of int
        One stream is measured too.
    threads : int, optional
    again : bool
        Measure the machine and the noisy rows again.
    progress : callable, optional
    **how
        ``input_tokens``, ``output_tokens``, ``repeats``, ... of `scalelaw.cost.measured.measure_costs`.

    Raises
    ------
    ScalelawError
        If a value means nothing, or a measurement fails.
    """
    shape, P, larger = _models(fit, base, streams)
    place = _folder(folder)
    hardware = _machine(place / MACHINE, threads=threads, again=again, progress=progress)
    given = {"batch": batch, "threads": threads, "hardware": hardware, "into": place / TABLE, "progress": progress}
    measure_costs(shape, streams=P, again=again, **given, **how)
    frame = measure_costs(larger, streams=1, again=again, **given, **how)
    return _compared(fit, _of_this_study(frame, [shape, *larger], batch, how), hardware)


def read_study(
    folder: str | os.PathLike[str],
    fit: Fit,
    *,
    base: Shape | str | float = "100M",
    streams: Any = (1, 2, 4, 8),
    batch: Any = (1, 2, 4, 8),
    **how: Any,
) -> CostStudy:
    """The study that a folder holds, measured here or on another machine, complete or not; nothing is measured.

    Parameters
    ----------
    folder, fit, base, streams, batch
        As for `study_costs`.
    **how
        ``input_tokens`` and ``output_tokens``, where the table holds several.

    Raises
    ------
    ScalelawError
        If the folder holds no such study.
    """
    shape, _, larger = _models(fit, base, streams)
    place = Path(folder)
    if missing := [name for name in (MACHINE, TABLE) if not (place / name).exists()]:
        raise ScalelawError(f"{place} holds no study, as it lacks {' and '.join(missing)}; name the folder of one")
    frame = _of_this_study(read_measured(place / TABLE), [shape, *larger], batch, how)
    if frame.empty:
        raise ScalelawError(f"{place / TABLE} holds no row of these models and settings; give those it was made with")
    return _compared(fit, frame, read_hardware(place / MACHINE))


def _models(fit: Fit, base: Shape | str | float, streams: Any) -> tuple[Shape, np.ndarray, list[Shape]]:
    """The model that streams are added to, their numbers, and models of one stream that are as good."""
    shape, P = shape_of(base), np.unique(np.append(whole("streams", np.ravel(streams)), 1))
    if len(P) < 2:
        raise ScalelawError("a study compares several streams with one; give streams of at least 2")
    return shape, P, as_good_as(fit, shape, P[1:].tolist())


def _compared(fit: Fit, frame: pd.DataFrame, hardware: Hardware) -> CostStudy:
    """What was measured, beside what was predicted."""
    ways = measured_ways(fit, frame)
    predicted = {name: frame[f"predicted_{name}"] for name in ("memory", "latency")}
    added, beside = (added_at_equal_loss(each) for each in (ways, measured_ways(fit, frame.assign(**predicted))))
    ratios = {f"{name}_ratio_predicted": beside[f"{name}_ratio"] for name in ("memory", "latency")}
    return CostStudy(frame, ways, added.assign(**ratios), _accuracy(hardware, frame), hardware)


def as_good_as(fit: Fit, shape: Shape, streams: list[int]) -> list[Shape]:
    """Shapes of one stream and the same family with the parameters that each number of streams is worth by a law."""
    sizes = []
    for P in streams:
        found = equivalence(fit, N=parameters(shape, P)["N"], P=P, level=None)["N_equivalent"]
        sizes.append(float(found.iloc[0]) * (BEYOND if max(streams) == P else 1.0))
    if not np.isfinite(sizes).all():
        raise ScalelawError("no number of parameters reaches the loss of that many streams; ask for fewer streams")
    return [sized_like(shape, each) for each in sizes]


def _folder(folder: str | os.PathLike[str]) -> Path:
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScalelawError(f"cannot make the folder {place}: {error.strerror or error}; name another") from None
    return place


def _machine(path: Path, *, threads: int | None, again: bool, progress: Callable[[str], object] | None) -> Hardware:
    if path.exists() and not again:
        return read_hardware(path)
    if progress is not None:
        progress("this machine")
    found = Hardware.measure(threads=threads)
    write_atomically(path, json.dumps(found.to_dict(), indent=2) + "\n")
    return found


def _of_this_study(frame: pd.DataFrame, shapes: list[Shape], batch: Any, how: dict[str, Any]) -> pd.DataFrame:
    """The rows of these models and settings, where the table holds others too."""
    mine = frame["shape"].isin([json.dumps(each.to_dict()) for each in shapes]) & (frame["model"] == "harness")
    mine &= frame["batch"].isin(np.ravel(batch).tolist())
    for name in ("input_tokens", "output_tokens"):
        mine &= frame[name].isin(np.ravel(how[name]).tolist()) if name in how else True
    return frame[mine].reset_index(drop=True)


def _accuracy(hardware: Hardware, frame: pd.DataFrame) -> pd.DataFrame:
    quiet = int((~frame["noisy"]).sum())
    rows = [{"predicted by": "the machine as measured", **errors(hardware, frame)}] if quiet else []
    if quiet >= _SPLIT:
        rows.append({"predicted by": "calibrated on the other half", **crossed_errors(hardware, frame)})
    return pd.DataFrame(rows, columns=["predicted by", "prefill", "per_token", "latency", "memory"])


def _report(study: CostStudy) -> str:
    frame, added = study.measured, study.added
    least = int(frame["N"][frame["P"] == 1].min())
    shown = pd.DataFrame({"batch": added["batch"]})
    for name, text in (("memory", size), ("latency", duration)):
        for way in ("before", "streams", "parameters"):
            values = added[f"{name}_{way}"]
            shown[f"{name}, {way}"] = ["" if np.isnan(each) else text(each) for each in values]
        for ratio, title in (("ratio", f"{name} ratio"), ("ratio_predicted", "predicted" + " " * (name == "latency"))):
            shown[title] = ["" if np.isnan(each) else f"{each:.2f}" for each in added[f"{name}_{ratio}"]]
    accuracy = study.accuracy.copy()
    for name in accuracy.columns[1:]:
        accuracy[name] = accuracy[name].map("{:.1%}".format)
    noisy = int(frame["noisy"].sum())
    parts = [
        f"{least:,} parameters on {study.hardware.name}: what P = {added['P'].iloc[0]} adds, and what parameters add "
        f"for the same loss.",
        _text(shown),
        "",
        f"Median relative errors of the roofline, of {len(frame) - noisy} rows:",
        _text(accuracy),
    ]
    if noisy:
        verb = "is" if noisy == 1 else "are"
        parts += ["", f"{noisy} of {len(frame)} rows {verb} noisy; measure such rows again on a quiet machine."]
    if study.hardware.noisy:
        parts += ["", "The machine was busy while its rates were measured; do not rely on what is predicted."]
    return "\n".join(parts)


def _text(frame: pd.DataFrame) -> str:
    return str(frame.to_string(index=False))
