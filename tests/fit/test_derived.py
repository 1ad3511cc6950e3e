"""One interval for any number, in every kind; and new runs, which have noise of their own."""

import numpy as np
import pytest
from scipy import stats

import scalelaw as sl
from scalelaw.analysis import quantities
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.derived import interval_of
from scalelaw.fit.intervals import ALL_KINDS, KINDS

from .made_linear import fitted, least_squares, runs

LINEAR = fitted(bootstrap=2000, rng=0, resample="parametric")
PILE = sl.fit("parscale", load_columns("parscale-pile"), bootstrap=300, rng=0)
CHINCHILLA = sl.fit("chinchilla", load_columns("chinchilla"))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_agrees_on_a_linear_law(kind: str) -> None:
    best, covariance, dof = least_squares(runs())
    half = stats.t.ppf(0.975, dof) * np.sqrt(covariance[0, 0])
    found = interval_of(LINEAR, "E", kind=kind)
    exact = kind in ("profile", "sandwich")
    np.testing.assert_allclose(
        [found.low, found.high], best[0] + half * np.array([-1, 1]), atol=half * (1e-4 if exact else 0.25)
    )
    assert found.value == pytest.approx(best[0])


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_new_run_has_the_prediction_interval(kind: str) -> None:
    best, covariance, dof = least_squares(runs())
    row = np.array([1.0, 0.01])
    X = np.column_stack([np.ones(30), 1 / np.sqrt(runs()["N"])])
    variance = (covariance @ X.T @ X)[0, 0]
    half = stats.t.ppf(0.975, dof) * np.sqrt(row @ covariance @ row + variance)
    found = interval_of(LINEAR, quantities.prediction(LINEAR, N=10_000), kind=kind, new_run=True)
    np.testing.assert_allclose([found.low, found.high], row @ best + half * np.array([-1, 1]), atol=0.06 * half)
    assert "new run" in found.how
    assert "no replicate seeds" in found.how


def test_predict_gives_the_same_for_a_new_run() -> None:
    mean = PILE.predict({"N": "1.6B", "P": 8}, interval=0.95)
    run = PILE.predict({"N": "1.6B", "P": 8}, interval=0.95, new_run=True)
    assert run["loss"][0] == mean["loss"][0]
    found = interval_of(PILE, quantities.prediction(PILE, N="1.6B", P=8), new_run=True)
    np.testing.assert_allclose([run["low"][0], run["high"][0]], [found.low, found.high], rtol=1e-12)
    assert run["high"][0] - run["low"][0] > 2 * (mean["high"][0] - mean["low"][0])


def test_new_runs_are_held_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(30):
        fit = sl.fit("power_n", power_runs(seed), bootstrap=100, rng=0)
        ends = fit.predict({"N": 3e9}, interval=0.9, new_run=True)
        truth = 1.7 + 400.0 / 3e9**0.34
        losses = truth * np.exp(0.01 * rng.standard_normal(50))
        held += int(((losses > ends["low"][0]) & (losses < ends["high"][0])).sum())
    assert 0.85 < held / 1500 < 0.97


def power_runs(seed: int) -> dict[str, np.ndarray]:
    N = np.geomspace(1e8, 1e10, 40)
    return sl.laws.simulate(sl.laws.power_n, {"E": 1.7, "A": 400.0, "alpha": 0.34}, {"N": N}, noise=0.01, rng=seed)


def test_fit_interval_takes_every_kind() -> None:
    plain = sl.fit("parscale", load_columns("parscale-pile"))
    for kind in ("profile", "sandwich", "robust"):
        found = interval_of(plain, "k", kind=kind)
        assert plain.interval("k", kind=kind) == (found.low, found.high)
        assert found.low < plain.params["k"] < found.high
    for kind in KINDS:
        with pytest.raises(FitError, match="bootstrap=1000"):
            interval_of(plain, "k", kind=kind)


def test_doubts_come_with_the_interval() -> None:
    assert "too few" in interval_of(PILE, "k", kind="sandwich").doubts[0]
    assert "too few" in interval_of(PILE, "k", kind="profile").doubts[0]
    assert interval_of(CHINCHILLA, "alpha", kind="profile").doubts == CHINCHILLA.covariance().doubts
    assert "noise differs" in CHINCHILLA.covariance().doubts[0]
    assert interval_of(CHINCHILLA, "alpha", kind="robust").doubts == ()
    assert interval_of(PILE, "k", kind="bc").doubts == ()


def test_it_reads_as_a_sentence() -> None:
    text = str(interval_of(PILE, "k"))
    assert text.startswith("k = 0.334442, 0.3")
    assert "bias-corrected percentile; 300 bootstrap refits, resampling runs" in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kind": "bca"}, "sandwich, robust"),
        ({"level": 95}, r"0\.95"),
        ({"new_run": True}, "is no loss"),
    ],
)
def test_what_means_nothing_is_refused(options: dict, says: str) -> None:
    with pytest.raises(FitError, match=says):
        interval_of(PILE, "k", **options)


def test_a_new_run_without_a_level_is_refused() -> None:
    with pytest.raises(FitError, match="about an interval"):
        PILE.predict({"N": 1e9, "P": 2}, new_run=True)


@pytest.mark.parametrize("kind", ["bc", "sandwich"])
@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda theta: theta["E"], "IndexError: only integers"),
        (lambda theta: {"E": theta}["k"], "KeyError: 'k'"),
        (lambda theta: theta[:, 9], "IndexError: index 9 is out of bounds"),
        (lambda theta: [float(one) for one in f"E{theta}"], "ValueError: could not convert"),
        (lambda theta: 1 / 0 * theta, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_function_raises_is_said_in_one_sentence(kind: str, function, says: str) -> None:
    with pytest.raises(FitError, match="the quantity '<lambda>' fails") as caught:
        interval_of(PILE, function, kind=kind)
    assert says in str(caught.value)
    assert "columns E, A, alpha, k" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.__cause__ is not None
