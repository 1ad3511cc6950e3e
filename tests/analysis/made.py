"""Fits at known parameters, with draws around them, for every built-in law and for a user's."""

import dataclasses
from functools import cache

import numpy as np

import scalelaw as sl
from scalelaw.fit.bootstrap import Draws
from scalelaw.laws import ALL, Law

from ..laws.truths import TRUTHS

WITH_STREAMS = tuple(name for name, law in ALL.items() if {"N", "P"} <= set(law.columns))


@cache
def fitted(corpus: str = "pile", bootstrap: int = 0) -> sl.Fit:
    return sl.fit("parscale", sl.load(f"parscale-{corpus}"), bootstrap=bootstrap, rng=0)


def at(law: Law, params: dict[str, float], *, draws: int = 0) -> sl.Fit:
    """A fit of the law with these parameters, its runs on a grid, and draws within a hundredth of the parameters."""
    size, streams, tokens = (part.ravel() for part in np.meshgrid([5e8, 1e9, 2e9, 4e9], [1.0, 2, 4, 8], [2e10, 8e10]))
    grid = {"N": size, "P": streams, "D": tokens, "U": tokens / 2, "C": 6 * size * tokens}
    columns = {name: grid[name] for name in law.columns}
    columns["loss"] = law.predict(columns, params)
    best = np.array([params[name] for name in law.parameters])
    theta = best * np.random.default_rng(0).uniform(0.99, 1.01, (draws, len(best)))
    made = Draws(theta, np.zeros(draws), np.ones(draws, bool), "pairs") if draws else None
    return dataclasses.replace(fitted(), law=law, params=dict(params), columns=columns, draws=made, beside={})


def known(name: str, *, draws: int = 0) -> sl.Fit:
    return at(ALL[name], TRUTHS[name], draws=draws)


def _mine(N, P, *, E, A, alpha, b):
    "E + A / (N P^b)^alpha"
    return E + A / (N * P**b) ** alpha


def user_fit(bootstrap: int = 0) -> sl.Fit:
    return sl.fit(Law("mine", _mine), sl.load("parscale-pile"), bootstrap=bootstrap, rng=0)
