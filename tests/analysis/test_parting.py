"""Where two laws part: on the paper's runs, by hand, refusals."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError

PILE = load_columns("parscale-pile")
PARSCALE, ADDITIVE = (sl.fit(law, PILE, bootstrap=200, rng=0) for law in ("parscale", "additive_streams"))


def test_small_models_tell_the_laws_apart_and_large_ones_do_not() -> None:
    small = sl.parting(PARSCALE, ADDITIVE, N="0.5B", along_range=(1, 64), num=7)
    large = sl.parting(PARSCALE, ADDITIVE, N="4.4B", along_range=(1, 64), num=7)
    assert small["P"].tolist() == [1, 2, 4, 8, 16, 32, 64]
    assert small.attrs["apart_from"] == 8
    assert np.isnan(large.attrs["apart_from"])
    # the sum of terms promises streams less than the product does, ever less the more there are
    assert (small["gap"].diff().dropna() < 0).all()
    assert small["inside"].tolist() == [True] * 4 + [False] * 3
    assert (small.loc[small["apart"], "runs"] == 1).all()
    assert (small.loc[~small["apart"], "runs"] > 1).all()


def test_each_loss_is_that_of_its_fit() -> None:
    frame = sl.parting(PARSCALE, ADDITIVE, N="1.6B", num=5)
    for fit in (PARSCALE, ADDITIVE):
        expected = fit.predict({"N": 1.6e9, "P": frame["P"].to_numpy()}, interval=0.95)
        name = fit.law.name
        np.testing.assert_allclose(frame[[name, f"{name}_low", f"{name}_high"]], expected[["loss", "low", "high"]])
    np.testing.assert_allclose(frame["gap"], frame["parscale"] - frame["additive_streams"])


def test_noise_decides() -> None:
    loud = sl.parting(PARSCALE, ADDITIVE, N="0.5B", along_range=(1, 64), num=7, noise=0.1)
    quiet = sl.parting(PARSCALE, ADDITIVE, N="0.5B", along_range=(1, 64), num=7, noise=1e-6)
    assert not loud["apart"].any()
    assert quiet["apart"].sum() >= 4
    last = loud.iloc[-1]
    assert last["runs"] > 10
    assert (quiet["runs"][quiet["apart"]] == 1).all()


def test_along_another_column() -> None:
    frame = sl.parting(PARSCALE, ADDITIVE, along="N", P=8, num=5)
    assert frame.columns[:2].tolist() == ["N", "P"]
    assert frame["inside"].tolist()[0]
    assert not frame["inside"].tolist()[-1]


def test_refusals() -> None:
    with pytest.raises(FitError, match="same resamples"):
        sl.parting(PARSCALE, sl.fit("additive_streams", PILE, bootstrap=200, rng=1), N=1e9)
    with pytest.raises(FitError, match="no bootstrap draws"):
        sl.parting(PARSCALE, sl.fit("additive_streams", PILE), N=1e9)
    with pytest.raises(FitError, match="reads N too"):
        sl.parting(PARSCALE, ADDITIVE)
    with pytest.raises(FitError, match="needs a law in D"):
        sl.parting(PARSCALE, ADDITIVE, along="D")
    with pytest.raises(FitError, match="both fits are of law"):
        sl.parting(PARSCALE, PARSCALE, N=1e9)
    with pytest.raises(FitError, match="no column 'Q'"):
        sl.parting(PARSCALE, ADDITIVE, N=1e9, Q=3)
