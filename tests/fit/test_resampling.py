"""Kinds of bootstrap: what each changes, which rows stay together, and that every refit is at its own optimum."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.resampling import KINDS, Resampling
from scalelaw.fit.resampling.losses import leverages
from scalelaw.fit.resampling.weights import drawn, exponential, factors

from .made_linear import LAW, fitted, least_squares, runs

PILE = load_columns("parscale-pile")
WITH_RUNS = {**{name: np.asarray(PILE[name]) for name in ("N", "P", "loss")}, "run": np.repeat(np.arange(12), 2)}


@pytest.mark.parametrize("draw", [drawn, exponential])
def test_weights_have_their_sum_and_their_mean(draw) -> None:
    weights = draw(30, 4000, np.random.default_rng(0))
    np.testing.assert_allclose(weights.sum(1), 30)
    np.testing.assert_allclose(weights.mean(), 1)
    np.testing.assert_allclose(weights.var(), 30 / 31, atol=0.08)


@pytest.mark.parametrize(("mammen", "third"), [(False, 0.0), (True, 1.0)])
def test_factors_have_mean_0_variance_1_and_their_third_moment(mammen: bool, third: float) -> None:
    values = factors(100, 5000, np.random.default_rng(0), mammen=mammen)
    assert len(np.unique(values)) == 2
    moments = [float((values**power).mean()) for power in (1, 2, 3)]
    np.testing.assert_allclose(moments, [0, 1, third], atol=0.01)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("auto", "cluster", "bayesian-cluster")])
def test_every_kind_is_saved_described_and_repeated(kind: str) -> None:
    fit = sl.fit("parscale", PILE, bootstrap=40, rng=0, resample=kind)
    again = sl.Fit.from_json(fit.to_json())
    assert again.to_json() == fit.to_json()
    assert again.draws.describe() == fit.draws.describe()
    assert fit.draws.kind == kind
    assert fit.draws.describe() in fit.report()
    np.testing.assert_array_equal(
        sl.fit("parscale", PILE, bootstrap=40, rng=0, resample=kind).draws.theta, fit.draws.theta
    )
    for interval in ("bc", "percentile", "normal"):
        low, high = fit.interval("k", kind=interval)
        assert low < fit.params["k"] < high


def test_a_fit_saved_before_there_was_noise_is_read() -> None:
    fit = sl.fit("parscale", PILE, bootstrap=20, rng=0)
    assert '"noise"' not in fit.to_json()
    assert sl.Fit.from_json(fit.to_json()).draws.noise == ""


@pytest.mark.parametrize("kind", ["wild", "wild-mammen", "parametric"])
def test_new_losses_are_fitted_to_their_own_optimum(kind: str) -> None:
    fit = sl.fit("parscale", PILE, bootstrap=30, rng=0, resample=kind)
    assert fit.draws.converged.all()
    spread = fit.draws.theta.std(0)
    assert (spread > 0).all()
    # the draws lie about the fit, not about anything else
    assert (np.abs(np.median(fit.draws.theta, 0) - list(fit.params.values())) < 2 * spread).all()


def test_rows_of_one_run_stay_together_in_every_kind_that_has_clusters() -> None:
    rng = np.random.default_rng(0)
    assert Resampling.plan("bayesian", None, WITH_RUNS).kind == "bayesian-cluster"
    weights = Resampling.plan("bayesian", None, WITH_RUNS).weights(20, rng)
    np.testing.assert_array_equal(weights[:, ::2], weights[:, 1::2])
    wild = Resampling.plan("wild", None, WITH_RUNS)
    assert (wild.by, wild.groups.tolist()) == (
        "run",
        np.unique([str(each) for each in WITH_RUNS["run"]], return_inverse=True)[1].tolist(),
    )
    assert (
        "one sign for each run" in sl.fit("parscale", WITH_RUNS, bootstrap=10, rng=0, resample="wild").draws.describe()
    )


def test_bayesian_strata_keep_their_mass() -> None:
    weights = Resampling.plan("bayesian-stratified", "P", PILE).weights(50, np.random.default_rng(0))
    for value in np.unique(PILE["P"]):
        np.testing.assert_allclose(weights[:, PILE["P"] == value].sum(1), (PILE["P"] == value).sum())


def test_leverages_are_those_of_the_hat_matrix() -> None:
    from scalelaw.fit.reopened import Reopened

    opened = Reopened.of(fitted())
    X = np.column_stack([np.ones(30), 1 / np.sqrt(runs()["N"])])
    hat = X @ np.linalg.inv(X.T @ X) @ X.T
    np.testing.assert_allclose(leverages(opened.problem, opened.optimum), np.diag(hat), rtol=1e-9)


@pytest.mark.parametrize("kind", ["pairs", "bayesian", "wild", "parametric"])
def test_least_squares_draws_have_the_known_spread(kind: str) -> None:
    table = runs(400)
    fit = sl.fit(LAW, table, loss="squared", space="raw", bootstrap=2000, rng=1, resample=kind)
    np.testing.assert_allclose(fit.draws.theta.std(0), np.sqrt(np.diag(least_squares(table)[1])), rtol=0.1)


def test_draws_do_not_depend_on_the_unit_of_N() -> None:
    table = {name: np.asarray(PILE[name], dtype=float) for name in ("N", "P", "loss")}
    thousandths = table | {"N": table["N"] * 1e3}
    for kind in ("bayesian", "wild"):
        one, other = (
            sl.fit("parscale", each, bootstrap=20, rng=0, resample=kind).draws for each in (table, thousandths)
        )
        np.testing.assert_allclose(one.theta[:, 2:], other.theta[:, 2:], rtol=1e-5)


def test_parametric_noise_is_that_of_replicates_where_there_are_some() -> None:
    table = {name: np.repeat(values, 3) for name, values in runs(10).items()}
    table |= {"seed": np.tile(np.arange(3), 10)}
    table["loss"] = table["loss"] + 1e-3 * np.random.default_rng(0).standard_normal(30)
    options = {"loss": "squared", "space": "raw", "bootstrap": 10, "rng": 0, "resample": "parametric"}
    assert "30 replicates in 10 cells" in sl.fit(LAW, table, **options).draws.describe()
    del table["seed"]
    assert "30 replicates" in sl.fit(LAW, table, **options).draws.describe()
    assert "residuals of 30 runs" in sl.fit(LAW, runs(), **options).draws.describe()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"resample": "parametric", "by": "P"}, "has no groups"),
        ({"resample": "bayesian-cluster"}, "needs a column 'run'"),
        ({"resample": "wilder"}, "wild-mammen"),
    ],
)
def test_what_means_nothing_is_refused(options: dict, says: str) -> None:
    with pytest.raises(FitError, match=says):
        sl.fit("parscale", PILE, bootstrap=10, **options)


def test_a_wild_bootstrap_of_a_sharp_loss_is_said_to_be_narrow() -> None:
    sharp, broad = (
        sl.fit("parscale", PILE, delta=each, bootstrap=200, rng=0, resample="wild") for each in (1e-4, "auto")
    )
    assert any("too narrow" in note for note in sharp.notes)
    assert not any("too narrow" in note for note in broad.notes)
