"""Models that could be deployed: shapes of the paper's family with streams, and what each costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalelaw.analysis.plan.service import Service
from scalelaw.cost import Shape, forward_flops, parameters, train_flops
from scalelaw.cost.family import smallest

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit

STEP = 1.02
"""Ratio of neighbouring sizes, finer than a law tells apart."""
LEAST = 3e7
"""Parameters from which the family comes near to any number."""


@dataclass(frozen=True)
class Candidates:
    """A table of models, a row each, and their shapes.

    Attributes
    ----------
    table : DataFrame
        ``N`` (streams' parameters included), ``N_backbone``, ``P``, ``memory``, ``per_token``, ``latency``.
    shapes : list of Shape
    """

    table: pd.DataFrame
    shapes: list[Shape]

    @property
    def streams(self) -> np.ndarray:
        """P, shape (rows,)."""
        return self.table["P"].to_numpy()

    def train_flops_a_token(self, context: int) -> np.ndarray:
        """Training operations for every token of text, shape (rows,)."""
        return np.asarray(train_flops(np.array(self.shapes, dtype=object), self.streams, tokens=1.0, context=context))

    def serving_flops(self, service: Service) -> np.ndarray:
        """Operations for every token read or generated, shape (rows,); attention over half of a request on average."""
        tokens = int(np.mean(np.add(service.input_tokens, service.output_tokens)))
        terms = forward_flops(np.array(self.shapes, dtype=object), self.streams, context=tokens)
        return np.asarray(sum(terms.values()))


def candidates(
    fit: Fit, service: Service, *, streams: np.ndarray, memory: float, family: Mapping[str, Any]
) -> Candidates:
    """Every size that a machine of so much memory could hold, with every number of streams.

    Sizes are 2 % apart, from 30 million parameters, or from the smallest of the runs or of the family.
    """
    least = parameters(smallest(**family))["N"]
    low = max(min(LEAST, float(np.min(fit.columns["N"]))), float(least))
    high = max(8.0 * memory / _least_bits(service), 1.1 * low)
    sizes = _sizes(low, high, tuple(sorted(family.items())))
    shapes = [shape for shape in sizes for _ in streams]
    P = np.tile(streams, len(sizes))
    counts = parameters(np.array(shapes, dtype=object), P)
    table = pd.DataFrame(
        {
            "N": counts["N"],
            "N_backbone": counts["N_backbone"],
            "P": P,
            "memory": service.memory(shapes, P),
            "per_token": service.per_token(shapes, P),
            "latency": service.latency(shapes, P),
        }
    )
    return Candidates(table, shapes)


def _least_bits(service: Service) -> float:
    from scalelaw.cost.setting import bytes_each

    return float(8 * bytes_each("weights", service.weights))


@lru_cache(maxsize=8)
def _sizes(low: float, high: float, family: tuple[tuple[str, Any], ...]) -> tuple[Shape, ...]:
    count = int(np.ceil(np.log(high / low) / np.log(STEP))) + 1
    found = [Shape.sized(float(N), **dict(family)) for N in np.geomspace(low, high, count)]
    return tuple(dict.fromkeys(found))


def streams_of_runs(fit: Fit) -> np.ndarray:
    """Every number of streams from 1 to the most among the runs of a fit, at least to 2."""
    return np.arange(1, max(2, round(float(np.max(fit.columns["P"])))) + 1)
