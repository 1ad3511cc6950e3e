"""Calibration: coverage that is known, the same numbers from any number of processes, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.analysis import quantities
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.calibration import binomial_interval, calibration
from scalelaw.fit.intervals import ALL_KINDS, expanded_level, interval
from scalelaw.fit.simulated_noise import design_noise

from .made_linear import LAW, fitted, runs

PILE = sl.fit("parscale", load_columns("parscale-pile"))


@pytest.mark.parametrize(("kind", "sets"), [("sandwich", 200), ("profile", 40)])
def test_exact_intervals_hold_what_they_promise(kind: str, sets: int) -> None:
    frame = calibration(fitted(), kinds=[kind], noise="gaussian", sets=sets, level=0.9)
    assert (frame["low"] < 0.9).all()
    assert (frame["high"] > 0.9).all()
    assert (frame["failed"] == 0).all()
    np.testing.assert_allclose(frame["coverage"] + frame["below"] + frame["above"], 1)
    np.testing.assert_allclose(frame["truth"], [fitted().params[name] for name in frame["quantity"]])


@pytest.mark.slow
def test_the_default_covers_few_runs_with_a_robust_loss() -> None:
    frame = calibration(PILE, kinds=["bc"], noise="gaussian", sets=200, bootstrap=300)
    assert frame["coverage"].between(0.90, 0.985).all()


def test_every_kind_of_every_quantity_has_its_row() -> None:
    chosen = ["k", quantities.multiplier(PILE, N="1.6B", P=8), quantities.prediction(PILE, N="10B", P=8)]
    frame = calibration(PILE, *chosen, kinds=ALL_KINDS, sets=6, bootstrap=60)
    assert len(frame) == 3 * len(ALL_KINDS)
    assert frame["kind"].tolist() == 3 * list(ALL_KINDS)
    assert (frame["width"] > 0).all()
    assert frame.attrs["noise"].startswith("the fit's residuals")
    assert frame.attrs["resampling"] == "60 bootstrap refits, resampling runs"


def test_a_data_set_depends_on_its_number_alone() -> None:
    few, many = (calibration(fitted(), kinds=["bc"], sets=sets, bootstrap=50) for sets in (7, 7))
    pd.testing.assert_frame_equal(few, many)
    other = calibration(fitted(), kinds=["bc"], sets=7, bootstrap=50, rng=1)
    assert (other["width"] != few["width"]).all()


@pytest.mark.slow
def test_processes_change_nothing() -> None:
    alone, shared = (calibration(PILE, "k", kinds=["bc"], sets=12, bootstrap=40, workers=each) for each in (1, 2))
    pd.testing.assert_frame_equal(alone, shared)


def test_the_noise_can_be_ones_own() -> None:
    frame = calibration(fitted(), kinds=["sandwich"], sets=20, noise=lambda rows, rng: 1e-6 * rng.standard_normal(rows))
    assert frame["width"].max() < 1e-3
    assert frame.attrs["noise"] == "noise given as a function"


def test_residual_noise_keeps_its_size_and_has_no_ties() -> None:
    noise = design_noise(PILE, "residuals")
    errors = noise.draw(100_000, np.random.default_rng(0))
    assert len(np.unique(errors)) == len(errors)
    assert errors.std() == pytest.approx(PILE.seed_noise().sd, rel=0.15)
    assert abs(errors.mean()) < 1e-4


def test_replicates_tell_the_noise() -> None:
    table = {name: np.repeat(values, 2) for name, values in runs(12).items()} | {"seed": np.tile([0, 1], 12)}
    table["loss"] = table["loss"] + 0.01 * np.random.default_rng(0).standard_normal(24)
    fit = sl.fit(LAW, table, loss="squared", space="raw")
    frame = calibration(fit, kinds=["sandwich"], sets=5)
    assert "24 replicates in 12 cells" in frame.attrs["noise"]
    with pytest.raises(FitError, match="no replicate seeds"):
        calibration(fitted(), noise="replicates")


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (95, 100)])
def test_binomial_intervals_are_those_of_scipy(successes: int, trials: int) -> None:
    from scipy import stats

    known = stats.binomtest(successes, trials).proportion_ci(method="exact")
    np.testing.assert_allclose(binomial_interval(successes, trials), [known.low, known.high], atol=1e-12)


def checkpoints(rng: np.random.Generator) -> sl.Fit:
    """Ten runs of three checkpoints that share most of their error."""
    table = runs() | {"run": np.repeat(np.arange(10), 3)}
    errors = 0.01 * rng.standard_normal(10)[table["run"]] + 0.003 * rng.standard_normal(30)
    table["loss"] = fitted().predicted + errors
    return sl.fit(LAW, table, loss="squared", space="raw")


@pytest.mark.parametrize("kind", ["residuals", "gaussian"])
def test_checkpoints_of_a_run_share_simulated_noise(kind: str) -> None:
    fit = checkpoints(np.random.default_rng(0))
    noise = design_noise(fit, kind)
    rng = np.random.default_rng(0)
    errors = np.array([noise.draw(30, rng) for _ in range(2000)])
    together = np.corrcoef(errors.T)
    own = fit.checkpoints_of[:, None] == fit.checkpoints_of
    assert np.median(together[own & ~np.eye(30, dtype=bool)]) > 0.7
    assert abs(together[~own].mean()) < 0.02
    assert 0.006 < errors.std() < 0.016


def test_intervals_by_clusters_are_widened_for_their_number_and_so_kept() -> None:
    """As `Fit.interval`, `interval_of` and predictions have it, after a save too."""
    fit = checkpoints(np.random.default_rng(0))
    drawn = sl.fit(LAW, fit.table, loss="squared", space="raw", bootstrap=200, rng=0)
    assert drawn.draws is not None
    assert drawn.draws.clusters == 10
    name = drawn.free[0]
    values = drawn.draws.theta[:, drawn.law.parameters.index(name)]
    ends = interval(values, drawn.params[name], level=expanded_level(0.95, 10))
    assert drawn.interval(name) == pytest.approx(tuple(ends), rel=1e-12)
    assert sl.Fit.from_json(drawn.to_json(), law=LAW).interval(name) == drawn.interval(name)
    found = sl.interval_of(drawn, name)
    assert (found.low, found.high) == drawn.interval(name)
    assert "10 of them" in found.how
    plain = sl.fit(LAW, fit.table, loss="squared", space="raw", bootstrap=200, rng=0, resample="pairs")
    assert plain.draws is not None
    assert plain.draws.clusters == 0


def test_clusters_are_simulated_without_the_table() -> None:
    fit = sl.Fit.from_json(checkpoints(np.random.default_rng(0)).to_json(), law=LAW)
    frame = calibration(fit, kinds=["bc"], sets=4, bootstrap=20)
    assert "whole groups of run" in frame.attrs["resampling"]
    assert "a whole run at a time" in frame.attrs["noise"]


def test_clusters_by_a_column_that_is_not_kept_are_refused() -> None:
    table = runs() | {"family": np.repeat(np.arange(10), 3)}
    fit = sl.fit(LAW, table, loss="squared", space="raw", bootstrap=10, by="family", rng=0)
    with pytest.raises(FitError, match="resample='pairs'"):
        calibration(fit)
    assert len(calibration(fit, kinds=["bc"], resample="pairs", sets=2, bootstrap=10)) == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kinds": ["bca"]}, "sandwich, robust"),
        ({"sets": 0}, "at least 1"),
        ({"noise": "cauchy"}, "replicates, residuals, gaussian"),
        ({"resample": "jackknife"}, "bayesian"),
        ({"workers": 2, "sets": 12, "noise": lambda rows, _: np.zeros(rows)}, "workers=1"),
    ],
)
def test_what_means_nothing_is_refused(options: dict, says: str) -> None:
    with pytest.raises(FitError, match=says):
        calibration(fitted(), **options)


def test_one_name_for_two_quantities_is_refused() -> None:
    with pytest.raises(FitError, match="same name"):
        calibration(fitted(), "E", "E")


@pytest.mark.parametrize("kinds", [["bc"], ["profile"], ["sandwich"]])
def test_as_many_parameters_as_runs_leave_nothing_to_calibrate(kinds: list[str]) -> None:
    few = sl.fit("parscale", sl.load("parscale-pile").iloc[[0, 5, 10, 23]])
    with pytest.raises(FitError, match=r"4 runs for 4 free parameters \(E, A, alpha, k\).*fix a parameter"):
        calibration(few, "k", kinds=kinds, sets=2, bootstrap=10)


def test_a_spare_run_is_enough_for_a_profile_and_not_for_resamples() -> None:
    few = sl.fit("parscale", sl.load("parscale-pile").iloc[[0, 5, 10, 14, 23]])
    with pytest.raises(FitError, match="of the kind bc have no width"):
        calibration(few, "k", kinds=["bc", "profile"], sets=2, bootstrap=10)
    frame = calibration(few, "k", kinds=["profile"], sets=2)
    assert frame["sets"].tolist() == [2]
