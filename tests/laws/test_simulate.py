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
