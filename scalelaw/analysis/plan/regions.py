"""Where streams win and where parameters do, over batch size and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import held_columns, need_columns, with_held
from scalelaw.analysis.plan.candidates import candidates, streams_of_runs
from scalelaw.analysis.plan.limits import Limits
from scalelaw.analysis.plan.service import Service
from scalelaw.cost import Hardware
from scalelaw.cost.setting import whole
from scalelaw.cost.units import read_bytes
from scalelaw.fit.calling import law_losses
from scalelaw.fit.predict import parameter_sets

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


def choice_regions(
    fit: Fit,
    hardware: Hardware | str,
    *,
    batch: Any = (1, 2, 4, 8, 16, 32, 64),
    memory: Any = ("1GiB", "2GiB", "4GiB", "8GiB", "16GiB", "32GiB"),
    latency: Any = None,
    streams: Any = None,
    family: Mapping[str, Any] | None = None,
    held: Mapping[str, Any] | None = None,
    **service: Any,
) -> pd.DataFrame:
    """The best number of streams for every batch size and memory.

    Without a limit of latency every cell has its own: the time a token that the largest model of one stream takes that
    fits the memory. Streams then win where a smaller model with streams is as fast and better.

    Parameters
    ----------
    fit, hardware, latency, family, held, **service
        As for `plan`.
    batch : sequence of int
    memory : sequence of bytes or texts
    streams : sequence of int, optional
        By default all from 1 to the most among the runs.

    Returns
    -------
    DataFrame
        A row for each ``batch`` and ``memory`` (bytes): ``per_token``, the limit (seconds; NaN without); ``N``, ``P``
        and ``loss`` of the best model, ``N_alone`` and ``loss_alone`` of the best with one stream, ``gain``, the loss
        that streams save; with draws ``share``, that of draws under which streams win. N is NaN where nothing fits.

    Examples
    --------
    >>> import scalelaw as sl
    >>> stack = sl.fit("parscale", sl.load("parscale-stack"))
    >>> choice_regions(stack, "a100", batch=[1, 512], memory=["4GiB"])["P"].tolist()
    [8, 1]
    """
    need_columns(fit, "N", "P", what="a map of choices")
    others = held_columns(fit, ("N", "P"), held or {})
    P = np.unique(np.append(whole("streams", np.ravel(streams)), 1)) if streams is not None else streams_of_runs(fit)
    sizes = [read_bytes(each) for each in ([memory] if isinstance(memory, str) else np.ravel(memory).tolist())]
    theta = parameter_sets(fit, draws=fit.draws is not None)
    rows = []
    for B in whole("batch", np.ravel(batch)).tolist():
        served = replace(Service(hardware=hardware, **service), batch=B)
        table = candidates(fit, served, streams=P, memory=max(sizes), family=dict(family or {})).table
        columns = with_held({name: table[name].to_numpy(dtype=float) for name in ("N", "P")}, others)
        losses = law_losses(fit.law, columns, theta)
        rows += [{"batch": B, **_cell(table, losses, most, latency)} for most in sizes]
    return pd.DataFrame(rows).astype({"N": "Int64", "P": "Int64", "N_alone": "Int64"})


def _cell(table: pd.DataFrame, losses: np.ndarray, memory: float, latency: Any) -> dict[str, Any]:
    """One cell, from losses (sets, rows) whose first set is the fitted one."""
    limits = Limits.read(memory=memory, latency=latency, train_budget=None, holds=memory)
    alone = limits.within(table) & (table["P"] == 1).to_numpy()
    if not alone.any():
        return {"memory": memory, "N": pd.NA, "P": pd.NA, "N_alone": pd.NA}
    plain = _lowest(losses[0], alone)
    if latency is None:
        limits = replace(limits, per_token=float(table["per_token"][plain]))
    fits = limits.within(table)
    best = _lowest(losses[0], fits)
    row: dict[str, Any] = {
        "memory": memory,
        "per_token": limits.per_token,
        "N": int(table["N"][best]),
        "P": int(table["P"][best]),
        "loss": losses[0, best],
        "N_alone": int(table["N"][plain]),
        "loss_alone": losses[0, plain],
        "gain": losses[0, plain] - losses[0, best],
    }
    if len(losses) > 1:
        many = fits & (table["P"] > 1).to_numpy()
        wins = losses[1:, many].min(axis=1, initial=np.inf) < losses[1:, alone].min(axis=1)
        row["share"] = float(np.mean(wins))
    return row


def _lowest(losses: np.ndarray, among: np.ndarray) -> int:
    return int(np.where(among, losses, np.inf).argmin())
