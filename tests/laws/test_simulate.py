"""Synthetic runs: known truth, asked-for noise."""

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.errors import LawError
from scalelaw.laws import ALL, simulate

from .truths import RUN, TRUTHS

MANY = {"N": np.geomspace(1e8, 1e10, 20000)}
TRUTH = TRUTHS["power_n"]


def errors(**options):
    runs = simulate(laws.power_n, TRUTH, MANY, **options)
    return np.log(runs["loss"] / laws.power_n.predict(MANY, TRUTH))


@pytest.mark.parametrize("name", ALL)
def test_without_noise_it_is_the_law(name):
    runs = simulate(ALL[name], TRUTHS[name], RUN, noise=0.0, rng=0)
    np.testing.assert_array_equal(runs["loss"], ALL[name].predict({k: [v] for k, v in RUN.items()}, TRUTHS[name]))
    assert set(runs) == {*RUN, "loss"}


def test_gaussian_noise():
    noise = errors(noise=0.02, rng=1)
    assert noise.mean() == pytest.approx(0.0, abs=6e-4)
    assert noise.std() == pytest.approx(0.02, rel=0.03)
    assert (np.abs(noise) > 0.08).mean() < 1e-3


def test_t3_noise_has_heavy_tails():
    noise = errors(noise=0.02, kind="t3", rng=1)
    # 0.7649 is the upper quartile of Student's t with 3 degrees of freedom.
    assert np.quantile(np.abs(noise), 0.5) == pytest.approx(0.02 * 0.7649, rel=0.03)
    assert (np.abs(noise) > 0.12).mean() == pytest.approx(0.0093, abs=0.003)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_outliers_are_as_many_as_asked_for(share):
    noise = errors(noise=0.0, outliers=share, rng=2)
    assert (noise > 1e-12).mean() == pytest.approx(share, abs=0.01)
    if share:
        assert noise[noise > 1e-12].mean() == pytest.approx(0.15, rel=0.1)


def test_the_seed_decides():
    np.testing.assert_array_equal(errors(noise=0.1, rng=3), errors(noise=0.1, rng=np.random.default_rng(3)))
    assert not np.array_equal(errors(noise=0.1, rng=3), errors(noise=0.1, rng=4))


def test_columns_broadcast_and_are_the_callers_no_more():
    design = {"N": np.array([1e8, 1e9]), "P": 2, "seed": np.array([1, 2])}
    runs = simulate(laws.parscale, TRUTHS["parscale"], design, rng=0)
    assert {name: values.shape for name, values in runs.items()} == dict.fromkeys(("N", "P", "seed", "loss"), (2,))
    runs["N"][0] = 7.0
    assert design["N"][0] == 1e8


@pytest.mark.parametrize(
    ("options", "message"),
    [({"noise": -1.0}, "noise"), ({"outliers": 1.5}, "share"), ({"kind": "cauchy"}, "'cauchy'")],
)
def test_refusals(options, message):
    with pytest.raises(LawError, match=message):
        simulate(laws.power_n, TRUTH, {"N": [1e9]}, rng=0, **options)


def test_missing_column():
    with pytest.raises(LawError, match="needs the column N"):
        simulate(laws.power_n, TRUTH, {"D": [1e9]}, rng=0)


def test_noise_may_differ_from_run_to_run() -> None:
    half = np.where(MANY["N"] < 1e9, 0.05, 0.005)
    for noise in (half, lambda table: np.where(table["N"] < 1e9, 0.05, 0.005)):
        found = errors(noise=noise, rng=5)
        assert found[MANY["N"] < 1e9].std() == pytest.approx(0.05, rel=0.05)
        assert found[MANY["N"] >= 1e9].std() == pytest.approx(0.005, rel=0.05)
    falling = errors(noise="0.01 * (1e9 / N)^0.5", rng=5)
    assert falling[MANY["N"] < 2e8].std() / falling[MANY["N"] > 5e9].std() == pytest.approx(
        (7e9 / 1.4e8) ** 0.5, rel=0.1
    )


def test_t_noise_has_the_degrees_of_freedom_asked_for() -> None:
    np.testing.assert_array_equal(errors(noise=0.02, kind="t", df=3, rng=1), errors(noise=0.02, kind="t3", rng=1))
    assert errors(noise=0.02, kind="t", df=200, rng=1).std() == pytest.approx(0.02, rel=0.03)


def test_replicates_differ_by_their_seed_alone() -> None:
    runs = simulate(laws.power_n, TRUTH, {"N": [1e8, 1e9]}, noise=0.1, seeds=3, rng=0)
    assert runs["N"].tolist() == [1e8] * 3 + [1e9] * 3
    assert runs["seed"].tolist() == [0, 1, 2, 0, 1, 2]
    assert len(set(runs["loss"])) == 6


CURVES = {"N": [1e8, 1e9, 1e10] * 200, "D": 2e10}


def curve_errors(**options):
    runs = laws.simulate_curves(laws.chinchilla, TRUTHS["chinchilla"], CURVES, checkpoints=8, rng=0, **options)
    return np.log(runs["loss"] / laws.chinchilla.predict(runs, TRUTHS["chinchilla"])).reshape(-1, 8), runs


def test_the_checkpoints_of_a_run_share_its_error() -> None:
    error, runs = curve_errors(noise=0.02, within=0.0)
    np.testing.assert_allclose(error, error[:, :1].repeat(8, 1), atol=1e-12)
    assert error[:, 0].std() == pytest.approx(0.02, rel=0.1)
    assert len(set(runs["run"])) == 600
    assert runs["D"].reshape(-1, 8)[:, -1].tolist() == [2e10] * 600
    np.testing.assert_allclose(np.diff(np.log(runs["D"][:8])), np.log(100) / 7)


def test_errors_of_checkpoints_remember() -> None:
    error, _ = curve_errors(noise=0.0, within=0.01, memory=0.8)
    assert error.std() == pytest.approx(0.01, rel=0.05)
    assert np.corrcoef(error[:, 3], error[:, 4])[0, 1] == pytest.approx(0.8, abs=0.05)
    assert np.corrcoef(error[:, 3], error[:, 5])[0, 1] == pytest.approx(0.64, abs=0.08)


def test_warm_up_comes_down_to_the_law() -> None:
    error, _ = curve_errors(noise=0.0, warmup=0.05, excess=2.0)
    assert (np.diff(error, axis=1) < 0).all()
    np.testing.assert_allclose(error[:, 0], 2.0 * np.exp(-0.01 / 0.05))
    assert np.abs(error[:, -1]).max() < 1e-8


@pytest.mark.parametrize("name", [name for name, law in ALL.items() if "D" in law.columns])
def test_curves_of_every_law_in_tokens(name: str) -> None:
    runs = laws.simulate_curves(ALL[name], TRUTHS[name], RUN, checkpoints=3, noise=0.0, rng=0)
    np.testing.assert_allclose(runs["loss"], ALL[name].predict(runs, TRUTHS[name]))
    np.testing.assert_allclose(runs["C"] / runs["D"], RUN["C"] / RUN["D"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": "0.01 * width"}, "reads width"),
        ({"noise": [0.1, 0.2]}, "one for each run"),
        ({"kind": "t", "df": 0.0}, "degrees of freedom"),
        ({"seeds": 0}, "replicates of 1 or more"),
    ],
)
def test_more_refusals(options: dict, message: str) -> None:
    with pytest.raises(LawError, match=message):
        simulate(laws.power_n, TRUTH, {"N": [1e8, 1e9, 1e10]}, rng=0, **options)


def test_refusals_of_designs_and_curves() -> None:
    with pytest.raises(LawError, match="no columns"):
        simulate(laws.power_n, TRUTH, {}, rng=0)
    with pytest.raises(LawError, match="N 3, P 2"):
        simulate(laws.power_n, TRUTH, {"N": [1e8, 1e9, 1e10], "P": [1, 2]}, rng=0)
    with pytest.raises(LawError, match="need a law in D"):
        laws.simulate_curves(laws.power_n, TRUTH, {"N": [1e8]}, rng=0)
    for option in ({"checkpoints": 0}, {"first": 0.0}, {"within": -1.0}, {"memory": 1.0}, {"warmup": -0.1}):
        with pytest.raises(LawError, match=next(iter(option))):
            laws.simulate_curves(laws.chinchilla, TRUTHS["chinchilla"], CURVES, rng=0, **option)
