"""Equivalent parameters written out, for the laws in which that can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scalelaw.laws import ALL
from scalelaw.laws.law import Law

Closed = Callable[[Any, Any, Mapping[str, Any]], Any]


def _parscale(N: Any, P: Any, theta: Mapping[str, Any]) -> Any:
    return N * (theta["k"] * np.log(P) + 1.0)


def _parscale_ensemble(N: Any, P: Any, theta: Mapping[str, Any]) -> Any:
    return N * _root((1.0 + (P - 1.0) * theta["rho"]) / P, theta["alpha"])


def _additive_streams(N: Any, P: Any, theta: Mapping[str, Any]) -> Any:
    term = theta["A"] * N ** -theta["alpha"]
    return N * _root(1.0 + theta["B"] * (P ** -theta["beta"] - 1.0) / term, theta["alpha"])


def _power_streams(N: Any, P: Any, theta: Mapping[str, Any]) -> Any:
    return N * P ** theta["b"]


def _log2_streams(N: Any, P: Any, theta: Mapping[str, Any]) -> Any:
    return N * (1.0 + np.log2(P)) ** (theta["beta"] / theta["alpha"])


def _root(factor: Any, alpha: Any) -> Any:
    """Factor on N that multiplies N^-alpha by ``factor``; infinite at or below 0, under the floor of P = 1."""
    return np.where(factor > 0, np.where(factor > 0, factor, 1.0) ** (-1.0 / alpha), np.inf)


CLOSED_FORMS: Mapping[str, Closed] = {
    "parscale": _parscale,
    "parscale_data": _parscale,
    "parscale_ensemble": _parscale_ensemble,
    "additive_streams": _additive_streams,
    "power_streams": _power_streams,
    "log2_streams": _log2_streams,
}
"""``(N, P, parameters) -> N_equivalent`` by the name of a built-in law; all of it broadcasts."""


def closed_form(law: Law) -> Closed | None:
    """The closed form of a law, if it is the built-in one of that name and has one."""
    return CLOSED_FORMS.get(law.name) if law.name in ALL and ALL[law.name].fn is law.fn else None
