"""Profiles: exact for least squares of a linear law; the best of all fits with the number held, for any other."""

import numpy as np
import pytest
from scipy import stats

import scalelaw as sl
from scalelaw.analysis import quantities
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.profile import curves, profile, profile_intervals
from scalelaw.fit.quantity import Quantity

from .made_linear import fitted, least_squares, runs

PILE = sl.fit("parscale", load_columns("parscale-pile"))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_a_linear_law_has_the_t_interval(level: float) -> None:
    best, covariance, dof = least_squares(runs())
    half = stats.t.ppf((1 + level) / 2, dof) * np.sqrt(np.diag(covariance))
    found = curves(fitted(), ("E", "A"), levels=(level,))
    np.testing.assert_allclose(
        [curve.interval(level) for curve in found], np.column_stack([best - half, best + half]), rtol=1e-4
    )


def test_a_prediction_of_a_linear_law_has_the_t_interval() -> None:
    best, covariance, dof = least_squares(runs())
    row = np.array([1.0, 0.01])
    half = stats.t.ppf(0.975, dof) * np.sqrt(row @ covariance @ row)
    low, high = curves(fitted(), (lambda theta: theta @ row,))[0].interval()
    np.testing.assert_allclose([low, high], row @ best + half * np.array([-1, 1]), rtol=1e-6)


def test_its_deviance_is_the_square_of_the_distance() -> None:
    best, covariance, _ = least_squares(runs())
    frame = fitted().profile("A")
    distance = (frame["value"] - best[1]) / np.sqrt(covariance[1, 1])
    np.testing.assert_allclose(frame["deviance"], distance**2, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["E", "A", "alpha", "k"])
def test_every_point_is_the_best_fit_with_the_parameter_held(name: str) -> None:
    frame = PILE.profile(name)
    for row in frame.iloc[:: len(frame) // 4].itertuples():
        held = sl.fit("parscale", load_columns("parscale-pile"), fixed={name: row.value}, throw=False)
        assert row.objective == pytest.approx(held.objective, rel=2e-6)


def test_the_points_belong_to_the_objective() -> None:
    curve = curves(PILE, ("k",))[0]
    for values, objective in zip(curve.theta, curve.objective, strict=True):
        residuals = PILE.settings.residuals(
            PILE.law.predict(PILE.columns, dict(zip(PILE.law.parameters, values, strict=True))), PILE.columns["loss"]
        )
        assert PILE.settings.objective(residuals) == pytest.approx(objective, rel=1e-9)


def test_a_function_of_one_parameter_has_the_same_interval() -> None:
    k = PILE.law.parameters.index("k")
    plain = curves(PILE, ("k",))[0].interval()
    squared = curves(PILE, (Quantity("k2", lambda theta: theta[:, k] ** 2, positive=True),))[0].interval()
    np.testing.assert_allclose(np.sqrt(squared), plain, rtol=2e-4)


def test_all_at_once_is_each_alone() -> None:
    together = profile_intervals(PILE)
    for name in PILE.free:
        alone = profile_intervals(PILE, name)
        whole = together[together["quantity"] == name]
        np.testing.assert_allclose(alone[["low", "high"]], whole[["low", "high"]], rtol=1e-4)


def test_a_floor_ends_an_interval() -> None:
    law = sl.laws.power_n
    N = np.geomspace(1e8, 1e10, 20)
    loss = law.predict({"N": N}, {"E": 0.05, "A": 400.0, "alpha": 0.34}) * np.exp(
        0.3 * np.random.default_rng(0).standard_normal(20)
    )
    fit = sl.fit(law, {"N": N, "loss": loss}, loss="squared")
    low, high = fit.interval("E", kind="profile")
    assert 0.0 == low < fit.params["E"] < high


def test_units_and_scale_of_the_loss_change_nothing() -> None:
    table = {name: np.asarray(load_columns("parscale-pile")[name], dtype=float) for name in ("N", "P", "loss")}
    thousand = sl.fit("parscale", table | {"N": table["N"] * 1e3})
    np.testing.assert_allclose(
        profile_intervals(thousand, "alpha", "k")[["low", "high"]],
        profile_intervals(PILE, "alpha", "k")[["low", "high"]],
        rtol=1e-3,
    )


def test_chinchilla_is_wider_than_its_curvature_and_contains_the_fit() -> None:
    fit = sl.fit("chinchilla", load_columns("chinchilla"))
    frame = profile_intervals(fit, *fit.free, quantities.prediction(fit, N="70B", D="1.4T"), quantities.exponent_a(fit))
    assert ((frame["low"] < frame["value"]) & (frame["value"] < frame["high"])).all()


def test_the_frame_says_confidence() -> None:
    frame = profile(PILE, "k", level=0.9)
    assert list(frame.columns) == ["quantity", "value", "objective", "deviance", "confidence"]
    assert frame["deviance"].min() == 0.0
    low, high = curves(PILE, ("k",), levels=(0.9,))[0].interval(0.9)
    inside = frame[(frame["value"] >= low) & (frame["value"] <= high)]
    assert inside["confidence"].max() <= 0.9 + 1e-6


@pytest.mark.parametrize(
    ("quantity", "says"),
    [
        ("gamma", "cannot read the quantity"),
        (lambda theta: theta, "one number a set"),
        (lambda theta: np.ones(len(theta)), "does not vary"),
        (3.0, "a quantity is"),
    ],
)
def test_what_is_no_quantity_is_refused(quantity, says: str) -> None:
    with pytest.raises(FitError, match=says):
        PILE.profile(quantity)


def test_a_fixed_parameter_has_no_profile() -> None:
    with pytest.raises(FitError, match="does not vary"):
        fitted(fixed={"E": 2.0}).profile("E")


def test_a_level_that_means_nothing_is_refused() -> None:
    with pytest.raises(FitError, match=r"0\.95"):
        PILE.profile("k", level=95)


def test_a_profile_of_absolute_values_is_that_of_a_small_delta() -> None:
    sharp, rounded = (
        sl.fit("parscale", load_columns("parscale-pile"), **each) for each in ({"loss": "absolute"}, {"delta": 2e-5})
    )
    ends = [profile_intervals(fit, "E", "k")[["low", "high"]].to_numpy() for fit in (sharp, rounded)]
    width = ends[0][:, 1] - ends[0][:, 0]
    assert (np.abs(ends[0] - ends[1]) < 0.15 * width[:, None]).all()


def test_a_parameter_at_its_bound_has_an_interval_to_one_side() -> None:
    fit = sl.fit("parscale", load_columns("parscale-pile"), bounds={"E": (1.4, 3.0)})
    low, high = fit.interval("E", kind="profile")
    assert low == pytest.approx(1.4, rel=1e-9)
    assert high > 1.41


def test_a_law_without_derivatives_has_the_same_profile() -> None:
    def opaque(N, P, *, E, A, alpha, k):
        return np.asarray(E + (A / (N * (k * np.log(P) + 1.0))) ** alpha).__array__()

    fit = sl.fit(sl.Law("opaque", opaque), load_columns("parscale-pile"))
    np.testing.assert_allclose(
        profile_intervals(fit, "k")[["low", "high"]], profile_intervals(PILE, "k")[["low", "high"]], rtol=1e-3
    )
