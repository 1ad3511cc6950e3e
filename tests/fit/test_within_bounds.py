"""Bounds: those that hold the optimum change nothing, those that cut it off leave it at their edge."""

import math

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.fit.model import compile_law

PAIRS = (
    ("olmo-ladder", "kaplan"),
    ("olmo-ladder", "coupled"),
    ("olmo-ladder", "chinchilla"),
    ("gadre", "broken_power"),
    ("gadre", "overtrained"),
    ("parscale-stack", "parscale"),
    ("parscale-pile", "additive_streams"),
    ("parscale-pile", "parscale_ensemble"),
    ("chinchilla", "chinchilla"),
)
CASES = [(data, law, name) for data, law in PAIRS for name in sl.laws.ALL[law].parameters]


@pytest.fixture(scope="module")
def unbounded():
    return {(data, law): sl.fit(law, sl.load(data)) for data, law in PAIRS}


def wide(value):
    """Bounds with the value inside: decades around it, and from 0 or its negative up."""
    size = 10 * (abs(value) or 1.0)
    return [(value / 100, 100 * value), (0.0, size)] if value > 0 else [(-size, size)]


@pytest.mark.parametrize(("data", "law", "name"), CASES)
def test_a_bound_around_the_optimum_changes_nothing(unbounded, data, law, name):
    free = unbounded[data, law]
    runs = sl.load(data)
    for low, high in wide(free.params[name]):
        own_low, own_high = free.law.bound(name)
        bounded = sl.fit(law, runs, bounds={name: (max(low, own_low), min(high, own_high))})
        assert bounded.objective == pytest.approx(free.objective, rel=1e-6)
        assert bounded.convergence.at_bounds == free.convergence.at_bounds


@pytest.mark.parametrize("bound", [(0.0, 1e16), (1.0, 2e14), (1e8, 1e15), (1e3, 1e30), (1e14, math.inf)])
def test_a_bound_on_a_scale_of_kaplan_does_not_send_the_other_astray(unbounded, bound):
    free = unbounded["olmo-ladder", "kaplan"]
    bounded = sl.fit("kaplan", sl.load("olmo-ladder"), bounds={"Nc": bound})
    assert bounded.objective == pytest.approx(free.objective, rel=1e-6)
    assert bounded.params == pytest.approx(free.params, rel=1e-3)


@pytest.mark.parametrize(("data", "law", "name"), [case for case in CASES if case[:2] in PAIRS[:3:2] + PAIRS[5:6]])
@pytest.mark.parametrize("side", ["above", "below"])
def test_a_bound_that_cuts_the_optimum_off_is_where_the_fit_ends(unbounded, data, law, name, side):
    """Held at the bound the others have no better place, and no fit within the bounds is worse than that."""
    free, runs = unbounded[data, law], sl.load(data)
    value = free.params[name]
    edge = value * (1.1 if side == "above" else 0.9)
    bounded = sl.fit(law, runs, bounds={name: (edge, 30 * value) if side == "above" else (value / 30, edge)})
    pinned = sl.fit(law, runs, fixed={name: edge})
    assert free.objective < bounded.objective <= pinned.objective * (1 + 1e-9)
    assert bounded.params[name] == pytest.approx(edge, rel=1e-12)
    assert bounded.convergence.at_bounds == (name,)
    low, high = bounded.settings.bounds[name]
    assert low <= bounded.params[name] <= high


def broken_runs(law, truth):
    N = np.geomspace(1e7, 1e11, 24)
    return {"N": N, "loss": law.predict({"N": N}, truth)}


def test_a_break_that_a_law_of_ones_own_bounds_to_where_the_runs_are_is_seen():
    """On rows near 1 such a law looks like a plain power law, and N must not be scaled as if it were one."""
    built_in = sl.laws.broken_power
    truth = {"E": 1.5, "A": 50.0, "alpha": 0.2, "Nb": 2e9, "gamma": 0.2, "f": 0.5}
    mine = sl.Law("mine", built_in.fn, bounds={"Nb": (1e6, 1e12), "gamma": (-2.0, 2.0)}, starts={"f": (0.05, 2.0)})
    compiled = compile_law(mine)
    assert not compiled.structure.units
    assert compiled.traced is not None
    fit = sl.fit(mine, broken_runs(mine, truth), delta=0.01)
    assert fit.params == pytest.approx(truth, rel=1e-3)


def test_bounds_may_be_wider_than_those_of_the_law():
    """The optimum lies below 0, where the law's own bounds do not reach."""
    N = np.geomspace(1e8, 1e10, 12)
    truth = {"E": -0.4, "A": 60.0, "alpha": 0.15}
    runs = {"N": N, "loss": sl.laws.power_n.predict({"N": N}, truth)}
    fit = sl.fit("power_n", runs, bounds={"E": (-2.0, 5.0)})
    assert fit.params == pytest.approx(truth, rel=1e-5)
    assert sl.fit("power_n", runs).params["E"] == 0.0


def test_a_function_that_fails_outside_of_the_bounds_is_fitted_within_them():
    def mine(N, *, E, A, rho):
        """E + A arccos(rho) / N^0.3"""
        return E + A * math.acos(rho) / np.asarray(N) ** 0.3  # math.acos raises beyond 1

    law = sl.Law("mine", mine)
    N = np.geomspace(1e7, 1e10, 10)
    runs = {"N": N, "loss": mine(N, E=1.5, A=300.0, rho=0.5)}
    fit = sl.fit(law, runs, bounds={"rho": (0.1, 0.9)}, fixed={"A": 300.0})
    assert fit.params["rho"] == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("loss", ["huber", "squared", "absolute"])
def test_several_bounds_at_once(unbounded, loss):
    runs = sl.load("olmo-ladder")
    free = sl.fit("chinchilla", runs, loss=loss)
    around = {name: (value / 20, 20 * value) for name, value in free.params.items()}
    assert sl.fit("chinchilla", runs, loss=loss, bounds=around).objective == pytest.approx(free.objective, rel=1e-6)
    cut = {**around, "alpha": (1.2 * free.params["alpha"], 2.0), "beta": (0.01, 0.8 * free.params["beta"])}
    ends = {"alpha": cut["alpha"][0], "beta": cut["beta"][1]}
    bounded = sl.fit("chinchilla", runs, loss=loss, bounds=cut)
    assert bounded.objective <= sl.fit("chinchilla", runs, loss=loss, fixed=ends).objective * (1 + 1e-9)
