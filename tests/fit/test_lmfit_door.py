"""lmfit's Parameters as options, and a fit as lmfit's result."""

import lmfit
import numpy as np
import pytest

from scalelaw.datasets import load_columns
from scalelaw.errors import FitError, LawError
from scalelaw.fit import fit
from scalelaw.fit.lmfit_door import read_parameters, signed_roots
from scalelaw.fit.settings import Settings
from scalelaw.laws import parscale
from scalelaw.laws.law import Law

PILE = load_columns("parscale-pile")
CASES = {
    "huber": {},
    "squared": {"loss": "squared"},
    "raw": {"space": "raw"},
    "wide delta": {"delta": 0.003},
    "fixed": {"fixed": {"k": 0.3}},
    "fixed at 0": {"fixed": {"k": 0.0}},
    "bounded": {"bounds": {"E": (1.3, 2.0)}},
    "weighted": {"weights": np.arange(24.0)},
    "overestimate": {"overestimate": 3.0},
}


def _parameters(**changes: dict) -> lmfit.Parameters:
    params = lmfit.Parameters()
    params.add_many(("E", 1.2), ("A", 2e8), ("alpha", 0.2), ("k", 0.3))
    for name, change in changes.items():
        params[name].set(**change)
    return params


def test_plain_parameters_say_only_where_to_start() -> None:
    fixed, bounds, tied, guess = read_parameters(parscale, _parameters())
    assert (fixed, bounds, tied) == ({}, {}, {})
    assert guess.tolist() == [1.2, 2e8, 0.2, 0.3]


def test_order_is_the_laws() -> None:
    params = lmfit.Parameters()
    params.add_many(("k", 0.3), ("alpha", 0.2), ("A", 2e8), ("E", 1.2))
    assert read_parameters(parscale, params)[3].tolist() == [1.2, 2e8, 0.2, 0.3]


def test_vary_min_max_and_expr() -> None:
    params = _parameters(
        E={"min": 1.0, "max": 1.5}, A={"max": 1e9}, alpha={"vary": False}, k={"expr": "2 * alpha + 0.1"}
    )
    fixed, bounds, tied, guess = read_parameters(parscale, params)
    assert fixed == {"alpha": 0.2}
    assert bounds == {"E": (1.0, 1.5), "A": (-np.inf, 1e9)}
    assert tied == {"k": "2 * alpha + 0.1"}
    assert guess[3] == pytest.approx(0.5)


def test_the_laws_own_bounds_say_nothing() -> None:
    params = parscale.to_lmfit(runs=PILE).make_params()
    params["k"].set(expr="alpha")
    assert read_parameters(parscale, params)[1] == {}


def test_fit_obeys_parameters() -> None:
    fitted = fit(
        parscale, PILE, params=_parameters(E={"min": 1.3, "max": 2.0}, alpha={"vary": False}, k={"expr": "2 * alpha"})
    )
    assert fitted.params["alpha"] == 0.2
    assert fitted.params["k"] == 0.4
    assert fitted.params["E"] >= 1.3
    assert fitted.free == ("E", "A")


def test_plain_parameters_change_nothing() -> None:
    assert fit(parscale, PILE, params=_parameters()).objective == pytest.approx(
        fit(parscale, PILE).objective, rel=1e-12
    )


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({"k": {"expr": "alpha if alpha > 0 else 1"}}, {}, LawError, "expr of 'k'"),
        ({"k": {"expr": "alpha", "min": 0.1}}, {}, FitError, "cannot have min or max"),
        ({"E": {"value": -1.0}}, {}, FitError, "'E' starts at -1, outside its bounds 0 to inf"),
        ({}, {"fixed": {"k": 0.1}}, FitError, "'k' is settled by params and named by fixed"),
        ({}, {"bounds": {"k": (0, 1)}}, FitError, "'k' is settled by params and named by bounds"),
    ],
)
def test_refusals(change: dict, options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        fit(parscale, PILE, params=_parameters(**change), **options)


def test_missing_unknown_and_no_parameters() -> None:
    params = _parameters()
    params.add("rate", 1.0)
    with pytest.raises(LawError, match="params have 'rate'"):
        fit(parscale, PILE, params=params)
    short = lmfit.Parameters()
    short.add_many(("E", 1.2), ("A", 2e8))
    with pytest.raises(LawError, match="params lack 'alpha', 'k'"):
        fit(parscale, PILE, params=short)
    with pytest.raises(FitError, match="not dict"):
        fit(parscale, PILE, params={"E": 1.0})
    empty = lmfit.Parameters()
    empty.add_many(("E", None), ("A", 2e8), ("alpha", 0.2), ("k", 0.3))
    with pytest.raises(FitError, match="'E' no value"):
        fit(parscale, PILE, params=empty)


@pytest.mark.parametrize("options", CASES.values(), ids=list(CASES))
def test_lmfit_agrees(options: dict) -> None:
    fitted = fit(parscale, PILE, **options)
    result = fitted.to_lmfit()
    assert result.chisqr / 2 == pytest.approx(fitted.objective, rel=1e-9)
    for name, value in fitted.params.items():
        assert result.best_values[name] == pytest.approx(value, rel=1e-6)
    assert result.nvarys == len(fitted.free)
    predicted = np.log(fitted.predicted) if fitted.settings.log else fitted.predicted
    np.testing.assert_allclose(result.best_fit, predicted, rtol=1e-7)


@pytest.mark.parametrize("loss", ["huber", "squared"])
def test_confidence_intervals_run_and_hold_the_estimate(loss: str) -> None:
    fitted = fit(parscale, PILE, loss=loss)
    for name, points in fitted.to_lmfit().conf_interval(sigmas=[1]).items():
        (_, low), (_, best), (_, high) = points
        assert low < best < high
        assert best == pytest.approx(fitted.params[name], rel=1e-6)


def test_ties_go_to_lmfit() -> None:
    fitted = fit(parscale, PILE, params=_parameters(k={"expr": "log(1 + alpha)"}))
    result = fitted.to_lmfit()
    assert result.params["k"].expr == "log(1 + alpha)"
    assert result.best_values["k"] == pytest.approx(fitted.params["k"], rel=1e-6)


def test_a_users_law_goes_to_lmfit() -> None:
    def mine(N, *, E, A, alpha):
        "E + A / N^alpha"
        return E + A / N**alpha

    n = np.geomspace(1e8, 1e10, 12)
    noise = 1 + 1e-3 * np.sin(np.arange(12) * 7.0)
    fitted = fit(Law("mine", mine), {"N": n, "loss": (1.5 + 1e3 / n**0.4) * noise})
    assert fitted.to_lmfit().best_values == pytest.approx(fitted.params, rel=1e-6)


def test_absolute_values_are_refused() -> None:
    with pytest.raises(FitError, match="absolute values"):
        fit(parscale, PILE, loss="absolute").to_lmfit()


@pytest.mark.parametrize("settings", [Settings(), Settings(loss="squared", delta=None), Settings(overestimate=2.5)])
@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.0, 2.0])])
def test_squares_sum_to_twice_the_objective(settings: Settings, weights: np.ndarray | None) -> None:
    residuals = np.array([0.0004, -0.02, 0.003])  # observed minus predicted
    roots = signed_roots(residuals, settings, weights)
    assert (roots**2).sum() / 2 == pytest.approx(float(settings.objective(-residuals, weights)), rel=1e-14)
    assert (np.sign(roots) * np.sign(residuals) >= 0).all()
