"""Derived numbers as functions of parameter sets: those of the analyses, and read from text."""

import pickle

import numpy as np
import pytest

import scalelaw as sl
from scalelaw import analysis
from scalelaw.analysis import quantities as q
from scalelaw.errors import FitError
from scalelaw.fit.predict import parameter_sets

from .made import known

PILE = sl.fit("parscale", sl.load("parscale-pile"), bootstrap=50, rng=0)
CHINCHILLA = sl.fit("chinchilla", sl.load("chinchilla"), bootstrap=50, rng=0)


def at(fit: sl.Fit, quantity: q.Quantity) -> float:
    return float(quantity(parameter_sets(fit, draws=False))[0])


def test_each_is_what_its_analysis_says() -> None:
    assert at(PILE, q.prediction(PILE, N="1.6B", P=8)) == PILE.predict({"N": 1.6e9, "P": 8})["loss"][0]
    row = analysis.equivalence(PILE, N=1.6e9, P=8).iloc[0]
    assert at(PILE, q.n_equivalent(PILE, N=1.6e9, P=8)) == row["N_equivalent"]
    assert at(PILE, q.multiplier(PILE, N=1.6e9, P=8)) == row["multiplier"]
    best = analysis.allocate(CHINCHILLA, C=1e24).iloc[0]
    assert at(CHINCHILLA, q.optimal_n(CHINCHILLA, C=1e24)) == pytest.approx(best["N"])
    assert at(CHINCHILLA, q.optimal_d(CHINCHILLA, C=1e24)) == pytest.approx(best["D"])


def test_intervals_are_those_of_the_analysis() -> None:
    found = sl.interval_of(PILE, q.multiplier(PILE, N=1.6e9, P=8))
    row = analysis.equivalence(PILE, N=1.6e9, P=8).iloc[0]
    np.testing.assert_allclose([found.low, found.high], [row["multiplier_low"], row["multiplier_high"]], rtol=1e-12)


def test_exponents_are_those_of_chinchilla() -> None:
    alpha, beta = CHINCHILLA.params["alpha"], CHINCHILLA.params["beta"]
    assert at(CHINCHILLA, q.exponent_a(CHINCHILLA)) == pytest.approx(beta / (alpha + beta))
    assert at(CHINCHILLA, q.exponent_b(CHINCHILLA)) == pytest.approx(alpha / (alpha + beta))


def test_exponents_of_another_law_are_slopes_of_its_optimum() -> None:
    fit = known("data_constrained") if "data_constrained" in sl.laws.ALL else CHINCHILLA
    options = {"U": 1e15} if "U" in fit.law.columns else {}
    a = at(fit, q.exponent_a(fit, C=1e21, **options))
    assert a + at(fit, q.exponent_b(fit, C=1e21, **options)) == pytest.approx(1.0)
    sizes = [at(fit, q.optimal_n(fit, C=budget, **options)) for budget in (0.99e21, 1.01e21)]
    assert a == pytest.approx(np.log(sizes[1] / sizes[0]) / np.log(1.01 / 0.99), abs=2e-3)


QUANTITIES = (
    q.prediction(PILE, N=1e9, P=2),
    q.n_equivalent(PILE, N=1e9, P=2),
    q.multiplier(PILE, N=1e9, P=2),
    q.parameter(PILE, "k"),
)


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda each: each.name)
def test_each_takes_sets_and_can_be_sent_to_a_process(quantity: q.Quantity) -> None:
    theta = parameter_sets(PILE, draws=True)
    values = quantity(theta)
    assert values.shape == (51,)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(quantity))(theta), values)
    np.testing.assert_allclose(values[7], quantity(theta[[7]])[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("k", "k"),
        ("loss at N=1.6B,P=8", "loss at N=1.6B,P=8"),
        ("loss(N=1.6e9, P=8)", "loss at N=1.6B,P=8"),
        ("loss at N=1.6B", "loss at N=1.6B,P=1"),
        ("multiplier(P=8,N=2e9)", "multiplier at N=2B,P=8"),
        (" N_equivalent( N = 1B , P = 2 ) ", "N_equivalent at N=1B,P=2"),
        ("  N_equivalent  at  N = 123456789 , P = 2.5 ", "N_equivalent at N=123.456789M,P=2.5"),
    ],
)
def test_both_spellings_are_read_and_one_is_shown(text: str, name: str) -> None:
    found = q.read_quantity(PILE, text)
    assert found.name == name
    np.testing.assert_allclose(at(PILE, q.read_quantity(PILE, found.name)), at(PILE, found), rtol=1e-6)


@pytest.mark.parametrize("text", ["N*(C=1e24)", "D* at C=1e24", "N* at C=2e21", "a", "b", "a(C=1e22)", "alpha"])
def test_text_of_optima_is_read(text: str) -> None:
    found = q.read_quantity(CHINCHILLA, text)
    assert at(CHINCHILLA, found) == pytest.approx(at(CHINCHILLA, q.read_quantity(CHINCHILLA, found.name)))


def test_text_will_do_wherever_a_quantity_is_asked_for() -> None:
    text = "loss at N=1.6B,P=8"
    value = PILE.predict({"N": 1.6e9, "P": 8})["loss"][0]
    assert sl.interval_of(PILE, text).value == value
    assert PILE.profile(text)["quantity"].unique().tolist() == [text]
    assert sl.sensitivity(PILE, of=text, only=["loss"])["value"][0] == value
    assert sl.calibration(PILE, text, kinds=["bc"], sets=1, bootstrap=2)["truth"][0] == value


def test_a_parameter_called_a_is_the_parameter() -> None:
    assert at(known("coupled"), q.read_quantity(known("coupled"), "a")) == known("coupled").params["a"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gamma", "cannot read the quantity 'gamma'; write a parameter of law 'parscale'"),
        ("loss", "reads N too"),
        ("loss at N", "cannot read the quantity"),
        ("loss(N=1B", "cannot read the quantity"),
        ("loss(1B)", "cannot read the quantity"),
        ("loss at N=1B,N=2B", "cannot read the quantity"),
        ("k(N=1B)", "cannot read the quantity"),
        ("size at N=1B", "cannot read the quantity"),
        ("", "cannot read the quantity"),
        ("multiplier(P=8)", "lacks N"),
        ("multiplier at N=1.6B", "lacks P"),
        ("multiplier at N=zz,P=8", "is not a number"),
        ("loss at N=1B,D=2B", "no column 'D'"),
        ("N*(C=1e24)", "needs a law in N and D"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, says: str) -> None:
    with pytest.raises(FitError, match=says):
        q.read_quantity(PILE, text)


def test_one_value_a_quantity() -> None:
    with pytest.raises(FitError, match="one quantity for each"):
        q.multiplier(PILE, N=[1e9, 2e9], P=8)
