"""The (N, P) of the lowest predicted loss within limits, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import need_columns
from scalelaw.analysis.plan.around import best_within, frontier, nothing_fits, sensitivity
from scalelaw.analysis.plan.candidates import candidates, streams_of_runs
from scalelaw.analysis.plan.limits import Limits
from scalelaw.analysis.plan.service import Service
from scalelaw.analysis.plan.training import Training
from scalelaw.cost import Hardware, Shape
from scalelaw.cost.setting import whole
from scalelaw.errors import ScalelawError
from scalelaw.fit.intervals import check_interval, interval
from scalelaw.fit.predict import parameter_sets

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit


@dataclass(frozen=True)
class Plan:
    """What to deploy.

    Attributes
    ----------
    best : mapping
        ``N`` (parameters, the streams' own included), ``N_backbone``, ``P``, ``memory`` (bytes), ``per_token`` and
        ``latency`` (seconds a token and a request), ``loss``, ``extrapolated`` (outside of the fitted runs) and, where
        there are draws, ``low`` and ``high``; with D, ``D`` and ``train_flops``; with tokens, ``lifetime_flops`` and
        ``serving_seconds``.
    shape : Shape
        Of the best model.
    frontier : DataFrame
        Models within the limits that no other beats in loss, memory and time at once, the best first.
    sensitivity : DataFrame
        For each limit and factor it is multiplied by: the ``value``, the best ``N`` and ``P`` then, its ``loss`` and
        the ``change`` of loss. A limit that changes nothing does not bind.
    choices : DataFrame or None
        By ``P``: the ``share`` of bootstrap draws under which it is the best number of streams, and ``N_least`` and
        ``N_most``, between which N lies then.
    limits : Limits
    service : Service
    most_streams : int
        The most streams tried.
    """

    best: Mapping[str, Any]
    shape: Shape
    frontier: pd.DataFrame
    sensitivity: pd.DataFrame
    choices: pd.DataFrame | None
    limits: Limits
    service: Service
    most_streams: int

    def table(self) -> pd.DataFrame:
        """The best model as a frame of one row."""
        return pd.DataFrame([dict(self.best)])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        choices = None if self.choices is None else self.choices.to_dict("records")
        return {
            "best": dict(self.best),
            "shape": self.shape.to_dict(),
            "limits": self.limits.given(),
            "choices": choices,
            "sensitivity": self.sensitivity.to_dict("records"),
            "frontier": self.frontier.to_dict("records"),
        }

    def report(self) -> str:
        """The choice in words and tables."""
        from scalelaw.analysis.plan.report import report

        return report(self)


def plan(
    fit: Fit,
    hardware: Hardware | str,
    *,
    memory: Any = None,
    latency: Any = None,
    batch: int = 1,
    tokens: Any = None,
    train_budget: Any = None,
    D: Any = None,
    streams: Any = None,
    level: float = 0.95,
    kind: str = "bc",
    family: Mapping[str, Any] | None = None,
    held: Mapping[str, Any] | None = None,
    **service: Any,
) -> Plan:
    """The number of parameters and of streams with the lowest predicted loss that fits.

    Every size of the paper's family of shapes (`Shape.sized`), 2 % apart, is tried with every number of streams.

    Parameters
    ----------
    fit : Fit
        Of a law in N and P.
    hardware : Hardware or str
        A machine, or the name of one (`scalelaw.cost.MACHINES`).
    memory : bytes or text such as ``"8GiB"``, optional
        By default what the machine has.
    latency : seconds a token, or text such as ``"60ms/token"`` or ``"2s/request"``, optional
    batch : int
        Sequences at once.
    tokens : number or quantity, optional
        Tokens served in the model's life, read and generated, for the lifetime cost; needs D.
    train_budget : number or quantity, optional
        The most operations of training. Where the law reads D and none is given, every model is trained on as many
        tokens as the budget allows; otherwise D is needed.
    D : number or quantity, optional
        Training tokens.
    streams : sequence of int, optional
        Numbers of streams to choose from; by default all from 1 to the most among the runs.
    level, kind
        Of intervals, where the fit has bootstrap draws.
    family : mapping, optional
        Fields of `Shape` in which models differ from the paper's, such as ``{"vocabulary": 32000}``.
    held : mapping, optional
        One value for each other column of the law.
    **service
        ``input_tokens``, ``output_tokens`` (512 each), ``weights``, ``cache``, ``compute`` and ``model``, as in
        `Service`.

    Raises
    ------
    FitError
        If the law lacks N or P, or D is needed.
    ScalelawError
        If a value means nothing, or nothing fits: what the model tried that comes nearest takes is named.

    Examples
    --------
    >>> import scalelaw as sl
    >>> pile = sl.fit("parscale", sl.load("parscale-pile"))
    >>> found = plan(pile, "jetson-orin", memory="8GiB", latency="30ms/token")
    >>> found.best["P"], f"{found.best['N'] / 1e9:.2f}B", round(found.best["loss"], 3)
    (8, '2.31B', 1.845)
    """
    check_interval(level, kind)
    need_columns(fit, "N", "P", what="a plan")
    served = Service(hardware=hardware, batch=int(whole("batch", batch)), **service)
    limits = Limits.read(memory=memory, latency=latency, train_budget=train_budget, holds=served.machine.memory)
    P = np.unique(whole("streams", np.ravel(streams))) if streams is not None else streams_of_runs(fit)
    room = candidates(fit, served, streams=P, memory=2.2 * limits.memory, family=dict(family or {}))
    training = Training.of(fit, D, limits, tokens, held or {})
    table = training.priced(room, limits, served)
    chosen = best_within(table, limits)
    if chosen is None:
        raise ScalelawError(nothing_fits(table, limits))
    fits = table[limits.within(table)]
    best, choices = _with_draws(fit, training, fits, chosen, level=level, kind=kind)
    return Plan(
        best=best,
        shape=room.shapes[chosen],
        frontier=frontier(fits),
        sensitivity=sensitivity(training, room, limits, served, float(table["loss"][chosen])),
        choices=choices,
        limits=limits,
        service=served,
        most_streams=int(P.max()),
    )


def _with_draws(
    fit: Fit, training: Training, fits: pd.DataFrame, chosen: int, *, level: float, kind: str
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """The best row with the interval of its loss, and what would be the best under each draw."""
    best: dict[str, Any] = {str(name): fits[name].loc[[chosen]].to_numpy()[0].item() for name in fits}
    if fit.draws is None:
        return best, None
    losses = training.losses(fits, parameter_sets(fit, draws=True))
    own = losses[:, (fits.index == chosen)]
    low, high = interval(own[1:], own[0], level=level, kind=kind)
    best |= {"low": float(low[0]), "high": float(high[0])}
    usable = losses[1:][np.isfinite(losses[1:]).all(axis=1)]
    winners = fits.iloc[usable.argmin(axis=1)]
    counted = winners.groupby("P")["N"].agg(["size", "min", "max"]).reset_index()
    counted.columns = pd.Index(["P", "share", "N_least", "N_most"])
    counted["share"] = counted["share"] / max(1, len(usable))
    return best, counted
