"""The compute-optimal size written out, for the laws in which that can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scalelaw.laws import ALL
from scalelaw.laws.law import Law

Terms = tuple[Any, Any, Any, Any]
"""A, alpha, B and beta of two terms A N^-alpha + B D^-beta of which the loss is an increasing function."""


def _chinchilla(theta: Mapping[str, Any]) -> Terms:
    return theta["A"], theta["alpha"], theta["B"], theta["beta"]


def _parscale_data(theta: Mapping[str, Any]) -> Terms:
    worth = theta["k"] * np.log(theta["P"]) + 1.0
    return (theta["A"] / worth) ** theta["alpha"], theta["alpha"], theta["B"], theta["beta"]


def _kaplan(theta: Mapping[str, Any]) -> Terms:
    alpha = theta["alpha_N"] / theta["alpha_D"]
    return theta["Nc"] ** alpha, alpha, theta["Dc"], np.ones_like(theta["Dc"])


def _coupled(theta: Mapping[str, Any]) -> Terms:
    return theta["A"], theta["a"], theta["B"], theta["b"]


def _overtrained(theta: Mapping[str, Any]) -> Terms:
    eta = theta["eta"]
    return theta["a"] / 6.0**eta, 2 * eta, theta["b"] / 6.0**eta, 2 * eta


TWO_TERMS: Mapping[str, Callable[[Mapping[str, Any]], Terms]] = {
    "chinchilla": _chinchilla,
    "parscale_data": _parscale_data,
    "kaplan": _kaplan,
    "coupled": _coupled,
    "overtrained": _overtrained,
}
"""``parameters and P -> A, alpha, B, beta`` by the name of a built-in law; all of it broadcasts."""


def two_terms(law: Law, theta: np.ndarray, P: Any) -> Terms | None:
    """The two terms under parameter sets (sets, parameters), each of shape (sets, 1 or rows); None if there are none.

    With them, under C = 6 N D P (Hoffmann et al. 2022, arXiv:2203.15556, equation 4),

        N* = G (C / (6 P))^a,  D* = G^-1 (C / (6 P))^b,  a = beta / (alpha + beta),  b = alpha / (alpha + beta),
        G = (alpha A / (beta B))^(1 / (alpha + beta)).
    """
    if law.name not in TWO_TERMS or ALL[law.name].fn is not law.fn:
        return None
    named: dict[str, Any] = {name: theta[:, [j]] for j, name in enumerate(law.parameters)}
    return TWO_TERMS[law.name](named | {"P": P})


def optimal_parameters(terms: Terms, C: Any, P: Any) -> Any:
    """N* of `two_terms`, through logarithms: A and B of a fit may be very large."""
    A, alpha, B, beta = terms
    with np.errstate(all="ignore"):
        log_g = np.log(alpha * A) - np.log(beta * B)
        return np.exp((log_g + beta * np.log(C / (6.0 * P))) / (alpha + beta))
