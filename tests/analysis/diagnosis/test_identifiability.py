"""Identifiability: ends of a trade-off are constrained refits, conditions and correlations have their invariances."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import condition, correlations, identifiability
from scalelaw.analysis.diagnosis.identifiability import condition_of, identifiability_findings
from scalelaw.errors import FitError
from scalelaw.fit.scale import smoothed_scale

from .runs_of_laws import LAWS, diagnosed, fitted, noisy


@pytest.mark.parametrize("name", LAWS)
def test_every_law_has_a_row_for_every_free_parameter(name: str) -> None:
    fit = fitted(name)
    found = diagnosed(name).identifiability
    assert list(found["parameter"]) == list(fit.free)
    assert (found["low"] < found["value"]).all()
    assert (found["high"] > found["value"]).all()
    assert (found["inflation"] >= 1).all()
    for row in found.to_dict("records"):
        assert row["says"].startswith(row["parameter"])
        assert row["partner_low"] <= fit.params[row["partner"]] * (1 + 1e-6)
        assert row["partner_high"] >= fit.params[row["partner"]] * (1 - 1e-6)


@pytest.mark.parametrize("end", ["low", "high"])
def test_the_objective_at_an_end_is_one_noise_above(end: str) -> None:
    fit = sl.fit("parscale", sl.load("parscale-pile"))
    found = identifiability(fit).set_index("parameter")
    held = sl.fit("parscale", sl.load("parscale-pile"), fixed={"E": found.loc["E", end]})
    from scipy.stats import t

    from scalelaw.fit.reopened import Reopened

    reopened = Reopened.of(fit)
    scale = smoothed_scale(reopened.problem, reopened.residuals, 4).variance
    rise = 2 * (held.objective - fit.objective) / scale
    np.testing.assert_allclose(np.sqrt(rise), t(20).ppf(0.975), rtol=0.02)
    np.testing.assert_allclose(held.params["alpha"], found.loc["E", f"partner_{end}"], rtol=0.01)


def test_a_trade_off_is_named_once() -> None:
    fit = sl.fit("parscale", sl.load("parscale-pile"))
    told = identifiability_findings(identifiability(fit), condition(fit))
    assert told[0].says.startswith("E and alpha trade off: E in 1.19 to 1.37")
    pairs = [frozenset(each.says.partition(" trade")[0].split(" and ")) for each in told]
    assert len(set(pairs)) == len(pairs)


def test_a_good_design_trades_off_little() -> None:
    assert condition(fitted("chinchilla")) < condition(sl.fit("parscale", sl.load("parscale-pile")))


def test_condition_of_slopes() -> None:
    assert condition_of(np.diag([1.0, 5.0, 1e-3])) == pytest.approx(1.0)
    assert np.isposinf(condition_of(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])))
    assert np.isposinf(condition_of(np.array([[1.0, 0.0], [2.0, 0.0]])))
    angle = 0.1
    slopes = np.array([[1.0, np.cos(angle)], [0.0, np.sin(angle)]])
    assert condition_of(slopes) == pytest.approx(1 / np.tan(angle / 2))


def test_units_do_not_change_condition_or_correlations() -> None:
    runs = noisy("chinchilla")
    other = sl.fit("chinchilla", {**runs, "N": runs["N"] * 1024}, loss="squared")
    assert condition(other) == pytest.approx(condition(fitted("chinchilla")), rel=1e-4)
    np.testing.assert_allclose(correlations(other), correlations(fitted("chinchilla")), atol=1e-4)


def test_a_parameter_at_its_bound_has_no_correlation() -> None:
    runs = dict(noisy("power_n"))
    runs["P"] = 2.0 ** (np.arange(len(runs["N"])) % 3)
    runs["loss"] = runs["loss"] * (1 + 1e-4 * np.log(runs["P"]))
    fit = sl.fit("parscale", runs, loss="squared")
    assert fit.convergence.at_bounds == ("k",)
    assert correlations(fit)["k"].isna().all()
    assert list(identifiability(fit)["parameter"]) == ["E", "A", "alpha"]


def test_no_noise_nothing_to_measure_by() -> None:
    runs = {name: values for name, values in noisy("power_n").items() if name != "loss"}
    exact = {**runs, "loss": 1.7 + 400 / runs["N"] ** 0.34}
    with pytest.raises(FitError, match="there is no noise to measure the objective by"):
        identifiability(sl.fit("power_n", {name: values[:3] for name, values in exact.items()} | {}))
