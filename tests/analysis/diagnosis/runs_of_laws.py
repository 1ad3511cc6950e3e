"""Noisy runs of every law on one design, and the fits to them."""

from functools import cache

import numpy as np

import scalelaw as sl
from scalelaw.analysis import Diagnosis, diagnose
from scalelaw.laws import ALL, Law, simulate

from ...laws.truths import TRUTHS

LAWS = (*ALL, "mine")


def _mine(N, P, *, E, A, alpha, b):
    "E + A / (N P^b)^alpha"
    return E + A / (N * P**b) ** alpha


MINE = Law("mine", _mine)


def law_of(name: str) -> Law:
    return MINE if name == "mine" else ALL[name]


def truth_of(name: str) -> dict[str, float]:
    return TRUTHS["power_streams"] if name == "mine" else TRUTHS[name]


def grid() -> dict[str, np.ndarray]:
    """Nine sizes, three numbers of tokens that do not follow them, four numbers of streams in turn."""
    sizes, tokens = (part.ravel() for part in np.meshgrid(np.geomspace(1e8, 1e10, 9), [2e9, 1.5e10, 9e10, 4e11]))
    streams = 2.0 ** ((np.arange(len(sizes)) * 5) % 4)
    return {
        "N": sizes,
        "P": streams,
        "D": tokens,
        "U": tokens / (1 + np.arange(len(sizes)) % 5),
        "C": 6 * sizes * tokens,
    }


def design_of(name: str) -> dict[str, np.ndarray]:
    columns = grid()
    return {column: columns[column] for column in law_of(name).columns}


@cache
def noisy(name: str) -> dict[str, np.ndarray]:
    return simulate(law_of(name), truth_of(name), design_of(name), noise=1e-3, rng=3)


@cache
def fitted(name: str) -> sl.Fit:
    return sl.fit(law_of(name), noisy(name), loss="squared")


@cache
def diagnosed(name: str) -> Diagnosis:
    return diagnose(fitted(name), noisy(name))
