"""How the models of a plan are trained, and what that and serving them takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.columns import held_columns, within
from scalelaw.analysis.plan.candidates import Candidates
from scalelaw.analysis.plan.limits import Limits, read_count
from scalelaw.analysis.plan.service import Service
from scalelaw.errors import FitError
from scalelaw.fit.calling import law_losses
from scalelaw.fit.predict import parameter_sets

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

CONTEXT = 2048
"""Tokens a sequence in training, as in the paper."""


@dataclass(frozen=True)
class Training:
    """How models are trained: on how many tokens, the other columns of the law, and what is served afterwards.

    Attributes
    ----------
    fit : Fit
    D : float, optional
        Training tokens of every model.
    by_budget : bool
        Whether each model is trained on as many tokens as the budget of training allows.
    tokens : float, optional
        Tokens served in a model's life.
    held : mapping
        The other columns of the law.
    """

    fit: Fit
    D: float | None
    by_budget: bool
    tokens: float | None
    held: Mapping[str, float]

    @classmethod
    def of(cls, fit: Fit, D: Any, limits: Limits, tokens: Any, held: Mapping[str, Any]) -> Training:
        """As `plan` is asked.

        Raises
        ------
        FitError
            If the training tokens are needed and not known, or another column is.
        """
        reads = "D" in fit.law.columns
        by_budget = reads and D is None and limits.train_flops is not None
        own = {**held, **({"D": D} if D is not None and reads else {})}
        varied = ("N", "P", "D") if by_budget else ("N", "P")
        others = held_columns(fit, varied, own)
        count = others.get("D") if D is None else read_count("D", D)
        for name, wanted in (("train_budget", limits.train_flops), ("tokens", tokens)):
            if wanted is not None and count is None and not by_budget:
                raise FitError(f"{name} needs the training tokens, which law {fit.law.name!r} does not read; give D")
        served = None if tokens is None else read_count("tokens", tokens)
        return cls(fit, count, by_budget, served, others)

    def priced(self, room: Candidates, limits: Limits, service: Service) -> pd.DataFrame:
        """The table of candidates with what training costs and the predicted loss."""
        table = room.table.copy()
        if self.D is not None or self.by_budget:
            each = room.train_flops_a_token(CONTEXT)
            table["D"] = limits.train_flops / each if self.by_budget else self.D
            table["train_flops"] = table["D"] * each
        if self.tokens is not None:
            table["lifetime_flops"] = table["train_flops"] + self.tokens * room.serving_flops(service)
            a_request = service.batch * float(np.mean(np.add(service.input_tokens, service.output_tokens)))
            table["serving_seconds"] = self.tokens / a_request * table["latency"]
        table["loss"] = self.losses(table, parameter_sets(self.fit, draws=False))[0]
        read = [name for name in ("N", "P", "D") if name in self.fit.law.columns and name in table]
        table["extrapolated"] = ~within(self.fit, {name: table[name].to_numpy(dtype=float) for name in read})
        return table

    def losses(self, table: pd.DataFrame, theta: np.ndarray) -> np.ndarray:
        """Predicted losses (sets, rows)."""
        columns = {name: table[name].to_numpy(dtype=float) for name in ("N", "P")}
        columns |= {name: np.full(len(table), value) for name, value in self.held.items()}
        if self.by_budget:
            columns["D"] = table["D"].to_numpy(dtype=float)
        return law_losses(self.fit.law, columns, theta)
