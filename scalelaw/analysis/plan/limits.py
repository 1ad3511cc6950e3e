"""What a model must stay within."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scalelaw.cost.units import duration, read_bytes, read_seconds, size
from scalelaw.errors import ScalelawError
from scalelaw.runs import quantity


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most of each; None is no limit.

    Attributes
    ----------
    memory : float
        Bytes.
    per_token, latency : float, optional
        Seconds from one token to the next, and for a whole request.
    train_flops : float, optional
        Floating-point operations of training.
    """

    memory: float
    per_token: float | None = None
    latency: float | None = None
    train_flops: float | None = None

    @classmethod
    def read(cls, *, memory: Any, latency: Any, train_budget: Any, holds: float) -> Limits:
        """Limits as people write them; without one of memory it is what the machine holds.

        Raises
        ------
        ScalelawError
            If one is no amount.
        """
        seconds, per = (None, "token") if latency is None else read_seconds(latency)
        return cls(
            memory=holds if memory is None else read_bytes(memory),
            per_token=seconds if per == "token" else None,
            latency=seconds if per == "request" else None,
            train_flops=None if train_budget is None else read_count("train_budget", train_budget),
        )

    def given(self) -> dict[str, float]:
        """The limits there are, by name."""
        values = {name: getattr(self, name) for name in ("memory", "per_token", "latency", "train_flops")}
        return {name: value for name, value in values.items() if value is not None}

    def scaled(self, name: str, factor: float) -> Limits:
        """The same with one of them multiplied."""
        return replace(self, **{name: getattr(self, name) * factor})

    def within(self, table: pd.DataFrame) -> np.ndarray:
        """Whether each row of a table with columns of these names stays within all."""
        fits = np.ones(len(table), dtype=bool)
        for name, most in self.given().items():
            fits &= table[name].to_numpy() <= most * (1 + 1e-12)
        return fits

    def text(self) -> str:
        """As a sentence has it."""
        written = [f"{size(self.memory)} of memory"]
        if self.per_token is not None:
            written.append(f"{duration(self.per_token)} a token")
        if self.latency is not None:
            written.append(f"{duration(self.latency)} a request")
        if self.train_flops is not None:
            written.append(f"{self.train_flops:.3g} FLOPs of training")
        return ", ".join(written)


def read_count(name: str, given: Any) -> float:
    """A number above 0, or a quantity such as ``"1e21"`` or ``"2T"``.

    Raises
    ------
    ScalelawError
        If it is none.
    """
    value = quantity(given) if isinstance(given, str) else given
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise ScalelawError(f"{name} is {given!r}; it must be a number above 0, such as 1e21 or '2T'")
    return float(value)
