"""Contours, iso-loss lines and curves: each says what the law predicts."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import contour_grid, curves, equivalence, iso_loss, round_levels
from scalelaw.errors import FitError

from .made import fitted, known, user_fit


def test_contour_grid_is_what_the_law_predicts() -> None:
    fit = fitted(bootstrap=100)
    frame = contour_grid(fit, num=(7, 2), y_range=(1, 8), level=0.9)
    told = fit.predict({"N": frame["N"].round(), "P": frame["P"]}, interval=0.9)
    np.testing.assert_allclose(frame[["loss", "low", "high"]], told[["loss", "low", "high"]], rtol=1e-9)
    assert list(frame) == ["N", "P", "loss", "low", "high", "inside"]


def test_contour_grid_is_geometric_and_goes_somewhat_beyond_the_runs() -> None:
    frame = contour_grid(fitted(), num=(5, 4))
    size, streams = frame["N"].unique(), frame["P"].unique()
    np.testing.assert_allclose(size[1:] / size[:-1], size[1] / size[0])
    assert (streams[0], streams[-1]) == (1.0, 16.0)
    assert size[0] < 535813376
    assert size[-1] > 4414502408
    np.testing.assert_array_equal(frame["inside"], frame["N"].between(535813376, 4414502408) & (frame["P"] <= 8))


def test_contours_of_a_law_without_streams() -> None:
    frame = contour_grid(known("chinchilla"), num=(3, 3))
    assert list(frame) == ["N", "D", "loss", "inside"]


@pytest.mark.parametrize("make", [fitted, user_fit, lambda: known("additive_streams"), lambda: known("chinchilla")])
def test_iso_loss_inverts_the_law(make) -> None:
    fit = make()
    frame = iso_loss(fit, num=9)
    reached = frame[np.isfinite(frame.iloc[:, 2])]
    assert len(reached) > 20
    np.testing.assert_allclose(fit.law.predict(reached, fit.params), reached["loss"], rtol=1e-12)


def test_iso_loss_below_the_floor_needs_infinitely_many() -> None:
    assert np.isinf(iso_loss(fitted(), losses=1.2, num=3)["N"]).all()


def test_iso_loss_intervals_contain_the_line_and_follow_the_draws() -> None:
    fit = fitted(bootstrap=200)
    frame = iso_loss(fit, losses=[1.9, 2.0], y_range=(1, 8), num=4, level=0.95, kind="percentile")
    assert ((frame["N_low"] < frame["N"]) & (frame["N"] < frame["N_high"])).all()
    E, A, alpha, k = fit.draws.theta.T
    sizes = A / (1.9 - E) ** (1 / alpha) / (k * np.log(8) + 1)
    ends = frame.loc[3, ["N_low", "N_high"]].to_numpy(dtype=float)
    np.testing.assert_allclose(ends, np.quantile(sizes, [0.025, 0.975]), rtol=1e-9)


@pytest.mark.parametrize(("low", "high"), [(1.77, 2.11), (0.98, 1.17), (2.0, 7.0), (0.0101, 0.0102)])
def test_levels_are_round_and_few(low: float, high: float) -> None:
    levels = round_levels(low, high)
    assert 4 <= len(levels) <= 13
    assert levels[0] >= low
    assert levels[-1] <= high
    assert all(len(f"{level:.12g}") <= 8 for level in levels)
    np.testing.assert_allclose(np.diff(levels), levels[1] - levels[0], rtol=1e-6)


def test_curves_are_what_the_law_predicts_with_bands_around_them() -> None:
    fit = fitted(bootstrap=100)
    frame = curves(fit, extra="16", level=0.95, num=11)
    assert frame["P"].unique().tolist() == [1, 2, 4, 8, 16]
    np.testing.assert_allclose(frame["loss"], fit.law.predict(frame, fit.params), rtol=1e-15)
    assert ((frame["low"] < frame["loss"]) & (frame["loss"] < frame["high"])).all()
    assert frame["N"].min() < 535813376
    assert frame["N"].max() > 4414502408


def test_curves_of_one_column_are_one_line() -> None:
    frame = curves(known("power_d"), num=10)
    assert list(frame) == ["D", "loss"]
    assert len(frame) == 10


def test_curves_by_a_column_of_many_values_are_eight() -> None:
    chinchilla = sl.fit("chinchilla", sl.load("chinchilla"))
    assert curves(chinchilla, num=3)["D"].nunique() == 8
    assert curves(chinchilla, values=["10B", "20B"], num=3)["D"].unique().tolist() == [10**10, 2 * 10**10]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: contour_grid(known("power_n")), "needs a law in two columns"),
        (lambda: contour_grid(fitted(), y="D"), "has no D"),
        (lambda: contour_grid(fitted(), x_range=(2, 1)), "low below high"),
        (lambda: contour_grid(fitted(), num=(1, 5)), "at least 2 points"),
        (lambda: contour_grid(fitted(), N=1e9), "N is varied here"),
        (lambda: contour_grid(fitted(), level=0.95), "no bootstrap draws"),
        (lambda: contour_grid(fitted(), kind="bca"), "kind"),
        (lambda: curves(fitted(), level=95), "level"),
        (lambda: equivalence(fitted(), N=1e9, P=2, level=95), "level"),
        (lambda: equivalence(fitted(), N=1e9, P=2, kind="bca"), "kind"),
        (lambda: iso_loss(fitted(), losses=-1.0), "not above 0"),
        (lambda: curves(known("parscale_data")), "reads D too"),
        (lambda: curves(fitted(), by="Q"), "has no Q"),
        (lambda: round_levels(2.0, 2.0), "low below high"),
    ],
)
def test_what_means_nothing_is_refused(ask, message: str) -> None:
    with pytest.raises(FitError, match=message):
        ask()
