"""Covariance: least squares in closed form, the density of known noise, and where it must not be believed."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.covariance import covariance
from scalelaw.laws import Law

from .made_linear import LAW, fitted, least_squares, runs, straight


def test_least_squares_of_a_linear_law_is_exact() -> None:
    _, known, dof = least_squares(runs())
    found = fitted().covariance()
    np.testing.assert_allclose(found.matrix, known, rtol=1e-6)
    assert (found.dof, found.valid) == (dof, True)
    np.testing.assert_allclose(found.correlations.to_numpy()[0, 1], known[0, 1] / np.sqrt(known[0, 0] * known[1, 1]))
    assert list(found.errors.index) == ["E", "A"]


@pytest.mark.parametrize("delta", [1e-3, 1e-2])
def test_robust_losses_have_the_covariance_of_their_theory(delta: float) -> None:
    """Huber far below Gaussian noise is the median: its variance is pi / 2 times that of least squares."""
    spans = []
    for seed in range(12):
        fit = sl.fit(LAW, runs(400, noise=0.05, seed=seed), delta=delta, space="raw")
        known = least_squares(runs(400, noise=0.05, seed=seed))[1]
        spans.append(fit.covariance().matrix[0, 0] / known[0, 0])
    assert np.mean(spans) == pytest.approx(np.pi / 2, rel=0.2)


def test_weights_count_as_repeated_information() -> None:
    table = runs()
    half = sl.fit(LAW, table, loss="squared", space="raw", weights=np.full(30, 0.5))
    np.testing.assert_allclose(half.covariance().matrix, fitted().covariance().matrix, rtol=1e-6)


@pytest.mark.parametrize("robust", [False, True])
def test_units_and_order_change_nothing(robust: bool) -> None:
    table = {name: np.asarray(load_columns("chinchilla")[name], dtype=float) for name in ("N", "D", "loss")}
    turned = {name: values[::-1] for name, values in table.items()} | {"N": table["N"][::-1] * 1e3}
    one, other = (sl.fit("chinchilla", each).covariance(robust=robust).errors for each in (table, turned))
    np.testing.assert_allclose(one[["E", "alpha", "beta"]], other[["E", "alpha", "beta"]], rtol=1e-3)


def test_uneven_noise_is_found_in_the_chinchilla_runs() -> None:
    found = sl.fit("chinchilla", load_columns("chinchilla")).covariance()
    assert not found.valid
    assert "noise differs from run to run" in found.doubts[0]
    assert sl.fit("chinchilla", load_columns("chinchilla")).covariance(robust=True).valid


def test_robust_errors_follow_uneven_noise() -> None:
    rng = np.random.default_rng(0)
    estimates, errors = [], []
    for _ in range(60):
        table = runs(200, noise=0.0)
        table["loss"] = table["loss"] + rng.standard_normal(200) * np.geomspace(0.2, 0.002, 200)
        fit = sl.fit(LAW, table, loss="squared", space="raw")
        estimates.append(fit.params["A"])
        errors.append(covariance(fit, robust=True).errors["A"])
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.25)


def test_few_runs_are_doubted() -> None:
    found = sl.fit("parscale", load_columns("parscale-pile")).covariance()
    assert "too few for a density" in found.doubts[0]
    assert "use the bootstrap" in found.doubts[0]
    table = {"N": np.array([1e8, 4e8, 1e9, 3e9]), "loss": np.array([2.883, 2.605, 2.457, 2.348])}
    # a bootstrap needs one run more than there are here
    assert sl.fit("power_n", table).covariance().doubts[0].endswith("add runs")


def test_a_parameter_at_its_bound_is_doubted_and_does_not_vary() -> None:
    N = np.rint(np.geomspace(100, 1e4, 60))
    table = {"N": N, "loss": 30.0 / np.sqrt(N) - 0.05 + 0.001 * np.random.default_rng(0).standard_normal(60)}
    table["loss"] = np.maximum(table["loss"], 0.1)
    found = sl.fit(LAW, table, loss="squared", space="raw").covariance()
    assert "E is at a bound" in found.doubts[0]
    assert found.errors["E"] == 0.0


def test_fixed_parameters_do_not_vary() -> None:
    found = fitted(fixed={"E": 2.0}).covariance()
    assert found.errors["E"] == 0.0
    assert found.errors["A"] > 0.0


def test_runs_without_noise_have_no_covariance() -> None:
    table = runs(noise=0.0)
    table["loss"] = straight(table["N"], E=2.0, A=30.0)
    fit = sl.fit(Law("exact", lambda N, *, E: E + 0 * N), {"N": table["N"], "loss": np.full(30, 2.0)})
    with pytest.raises(FitError, match="lie on the law"):
        fit.covariance()


def test_runs_that_a_sharp_loss_meets_are_no_evidence_of_little_noise() -> None:
    """A delta far below the noise: the fit passes through as many runs as there are parameters."""
    ratios = []
    for seed in range(40):
        table = runs(40, noise=0.05, seed=seed)
        found = sl.fit(LAW, table, delta=1e-4, space="raw").covariance()
        ratios.append(found.matrix[0, 0] / least_squares(table)[1][0, 0])
    assert np.median(ratios) == pytest.approx(np.pi / 2, rel=0.25)
