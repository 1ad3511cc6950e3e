"""Exact fits, absolute deviations against linear programming, small deltas, and terms that trade places."""

from itertools import product

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns

LINEAR = "E + A/N**0.4"


def linear_runs(seed: int) -> dict[str, np.ndarray]:
    """Runs of a law linear in its parameters, in every other set half of them without noise."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(8, 60))
    N = np.round(np.exp(rng.uniform(np.log(1e7), np.log(1e10), count)))
    noise = 0.02 * rng.standard_normal(count) * (rng.random(count) < rng.choice([0.5, 1.0]))
    return {"N": N, "loss": 1.7 + 4000 / N**0.4 + noise}


def least_absolute(basis: np.ndarray, target: np.ndarray, weights: np.ndarray) -> float:
    """The least weighted sum of absolute residuals, at the corner that linear programming finds."""
    from scipy.optimize import linprog

    rows, size = basis.shape
    scale = np.abs(basis).max(0)
    equal = np.hstack([basis / scale, np.eye(rows), -np.eye(rows)])
    cost = np.concatenate([np.zeros(size), weights, weights])
    bounds = [(0, None)] * (size + 2 * rows)
    x = linprog(cost, A_eq=equal, b_eq=target, bounds=bounds, method="highs").x[:size] / scale
    met = np.argsort(np.abs(basis @ x - target))[:size]
    corner = np.linalg.solve(basis[met] / scale, target[met]) / scale
    return min(float(weights @ np.abs(basis @ each - target)) for each in (x, corner))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("weighted", [False, True])
def test_absolute_deviations_end_at_the_corner_of_the_linear_programme(seed: int, weighted: bool) -> None:
    runs = linear_runs(seed)
    weights = np.random.default_rng(seed).uniform(0.2, 3, len(runs["N"])) if weighted else np.ones(len(runs["N"]))
    fit = sl.fit(LINEAR, runs, loss="absolute", space="raw", weights=weights)
    basis = np.stack([np.ones_like(runs["N"]), runs["N"] ** -0.4], axis=1)
    assert fit.objective <= least_absolute(basis, runs["loss"], weights) * (1 + 1e-12)
    assert (np.abs(fit.predicted - runs["loss"]) < 1e-13).sum() >= 2


@pytest.mark.parametrize("name", ["parscale-pile", "parscale-stack"])
def test_resamples_of_absolute_deviations_all_converge(name: str) -> None:
    runs = load_columns(name)
    fit = sl.fit("parscale", runs, loss="absolute", bootstrap=60, rng=0)
    assert fit.draws is not None
    assert fit.draws.converged.all()
    assert 0.5 * fit.objective < np.median(fit.draws.objective) < 1.5 * fit.objective


def test_a_tiny_delta_is_absolute_deviations() -> None:
    runs = load_columns("parscale-stack")
    sharp, tiny = sl.fit("parscale", runs, loss="absolute"), sl.fit("parscale", runs, delta=1e-9)
    assert tiny.objective / 1e-9 == pytest.approx(sharp.objective, rel=1e-6)
    assert tiny.params["alpha"] == pytest.approx(sharp.params["alpha"], rel=1e-5)


@pytest.mark.parametrize(("loss", "space"), list(product(["huber", "squared", "absolute"], ["log", "raw"])))
@pytest.mark.parametrize("seed", [3, 9, 22, 27])
def test_an_exact_fit_has_converged_whatever_the_size_of_the_losses(loss: str, space: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    N = np.round(np.exp(rng.uniform(np.log(1e7), np.log(1e10), int(rng.integers(8, 120)))))
    runs = {"N": N, "loss": 5.0 + 2e4 * N**-0.25 * 10}
    fit = sl.fit("E + A/N**alpha", runs, loss=loss, space=space)
    assert fit.params["alpha"] == pytest.approx(0.25, rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_terms_that_the_runs_hardly_tell_apart_do_not_trade_places(seed: int) -> None:
    """N and D off a line by 2 %: a minimum with swapped exponents lies in a wide valley, the truth in a thin one."""
    rng = np.random.default_rng(seed)
    truth = {"E": 1.7, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
    N = np.round(np.geomspace(1e8, 1e10, 9))
    runs = {"N": N, "D": np.round(20 * N * np.exp(0.02 * rng.standard_normal(9)))}
    runs["loss"] = sl.laws.chinchilla.predict(runs, truth)
    fit = sl.fit("chinchilla", runs)
    assert fit.params["alpha"] == pytest.approx(0.34, rel=1e-4)
    assert any("hard to tell apart" in note for note in fit.notes)
