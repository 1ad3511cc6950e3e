"""Other choices that someone else would have made: options, ways to count, rows to leave out, weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.analysis.diagnosis.shape import sizes_of
from scalelaw.fit.settings import GAUSSIAN_MAD, LOSSES, SPACES
from scalelaw.runs import Columns

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

KINDS = ("delta", "loss", "space", "count", "checkpoints", "seeds", "sizes", "outliers", "weights")
_DELTAS, _SCORES, _SIZES = (1e-4, 1e-3, 1e-2), (3.5, 2.5), (1, 2, 3)
_COUNTS = {"N_backbone": "without what ParScale adds", "N_total": "embeddings included"}


@dataclass(frozen=True, eq=False)
class Variant:
    """One other choice: its kind, the choice in words, and what `fit` is to be given."""

    kind: str
    name: str
    table: Columns
    options: Mapping[str, Any]


def variants(fit: Fit, table: Columns, options: Mapping[str, Any]) -> Iterator[Variant]:
    """Every other choice that the table allows, given the fit of the base choice."""
    for kind, name, changed in _options(fit):
        yield Variant(kind, name, table, {**options, **changed})
    for name, counted in _counts(fit, table).items():
        yield Variant("count", name, {**table, "N": counted}, options)
    for kind, name, kept in _rows(fit, table):
        if kept.any() and not kept.all():
            yield Variant(kind, name, *only(table, options, kept))
    merged = _seeds(fit, table)
    if merged is not None and options.get("weights") is None:
        yield Variant("seeds", "mean of replicates", merged, options)
    if options.get("weights") is None:
        for name, weights in _weights(fit, table).items():
            yield Variant("weights", name, table, {**options, "weights": weights})


def only(table: Columns, options: Mapping[str, Any], kept: np.ndarray) -> tuple[Columns, dict[str, Any]]:
    """Some rows, with their weights."""
    chosen = {name: values[kept] for name, values in table.items()}
    weights = options.get("weights")
    if weights is None or isinstance(weights, str):
        return chosen, dict(options)
    return chosen, {**options, "weights": np.asarray(weights)[kept]}


def _options(fit: Fit) -> Iterator[tuple[str, str, dict[str, Any]]]:
    settings = fit.settings
    if settings.loss == "huber":
        for delta in _DELTAS:
            if abs(delta / (settings.delta or delta) - 1) > 1e-9:
                yield "delta", f"delta = {delta:g}", {"delta": delta}
        yield "delta", "delta = auto", {"delta": "auto"}
    for loss in LOSSES:
        if loss != settings.loss:
            plain = {"squared": "least squares", "absolute": "least absolute", "huber": "huber, delta = 0.001"}
            yield "loss", plain[loss], {"loss": loss, "delta": 1e-3}
    for space in SPACES:
        if space != settings.space:
            yield "space", f"residuals of {'loss' if space == 'raw' else 'log loss'}", {"space": space}


def _counts(fit: Fit, table: Columns) -> dict[str, np.ndarray]:
    """Other ways to count N that the table has columns for."""
    if "N" not in fit.law.columns:
        return {}
    size = np.asarray(table["N"], dtype=float)
    found = {f"N = {name}, {what}": table[name] for name, what in _COUNTS.items() if name in table}
    for extra, what in (("n_embedding", "embedding"), ("n_head", "head")):
        if extra in table:
            found[f"N + {extra}, the {what} included"] = size + np.asarray(table[extra], dtype=float)
    numbers = {name: np.asarray(values, dtype=float) for name, values in found.items()}
    return {
        name: values
        for name, values in numbers.items()
        if np.isfinite(values).all() and (values > 0).all() and not np.allclose(values, size, rtol=1e-12)
    }


def _rows(fit: Fit, table: Columns) -> Iterator[tuple[str, str, np.ndarray]]:
    """Kinds and names of choices that leave rows out, and the rows kept."""
    yield from _checkpoints(table)
    size = "N" if "N" in fit.law.columns else fit.law.columns[0]
    values = np.asarray(table[size], dtype=float)
    sizes = sizes_of(values)
    for count in _SIZES:
        if count <= len(sizes) - 3:
            yield "sizes", f"{count} smallest {size} left out", values >= sizes[count]
    if len(sizes) > 3:
        yield "sizes", f"largest {size} left out", values < sizes[-1]
    residuals = fit.settings.residuals(fit.predicted, fit.columns["loss"])
    spread = GAUSSIAN_MAD * float(np.median(np.abs(residuals)))
    before = np.zeros(len(values), dtype=bool)
    for score in _SCORES if spread > 0 else ():
        out = np.abs(residuals) > score * spread
        if (out != before).any():
            yield "outliers", f"beyond {score:g} deviations left out", ~out
        before = out


def _checkpoints(table: Columns) -> Iterator[tuple[str, str, np.ndarray]]:
    if "run" not in table:
        return
    runs = np.unique([str(name) for name in table["run"]], return_inverse=True)[1]
    for name in ("D", "step"):
        if name in table and runs.max() + 1 < len(runs):
            along = np.asarray(table[name], dtype=float)
            last = np.full(runs.max() + 1, -np.inf)
            np.maximum.at(last, runs, along)
            if (along < last[runs]).any():
                yield "checkpoints", "last of each run only", along == last[runs]
                yield "checkpoints", "second half of each run only", along >= 0.5 * last[runs]
                return


def _seeds(fit: Fit, table: Columns) -> Columns | None:
    """Rows that agree in every column of the law merged into one with their mean loss; None if none do."""
    keys = np.column_stack([np.asarray(table[name], dtype=float) for name in fit.law.columns])
    first, cells = np.unique(keys, axis=0, return_index=True, return_inverse=True)[1:]
    if len(first) == len(keys):
        return None
    mean = np.bincount(cells.ravel(), weights=np.asarray(table["loss"], dtype=float)) / np.bincount(cells.ravel())
    return {**{name: values[first] for name, values in table.items()}, "loss": mean}


def _weights(fit: Fit, table: Columns) -> dict[str, np.ndarray]:
    size = "N" if "N" in fit.law.columns else fit.law.columns[0]
    values = np.asarray(table[size], dtype=float)
    sizes = sizes_of(values)
    group = np.searchsorted(sizes, values, side="right")
    found = {}
    if len(set(np.bincount(group)[1:].tolist())) > 1:
        found[f"every {size} counts alike"] = 1.0 / np.bincount(group)[group]
    found[f"weight grows as the root of {size}"] = np.sqrt(values)
    if "loss_se" in table:
        errors = np.asarray(table["loss_se"], dtype=float)
        if np.isfinite(errors).all() and (errors > 0).all():
            found["weight 1 / loss_se^2"] = errors**-2
    return {name: weights / weights.mean() for name, weights in found.items()}
