"""Quantities asked for in words."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis import asked
from scalelaw.errors import FitError

from .made import fitted, known, user_fit


def value(fit: sl.Fit, of) -> float:
    theta = np.array([[fit.params[name] for name in fit.law.parameters]])
    return float(asked(fit, of)(theta)[0])


def test_words_mean_what_the_functions_give() -> None:
    pile = fitted()
    assert value(pile, "k") == pile.params["k"]
    assert value(pile, "loss at N=1.6B, P=8") == pytest.approx(pile.predict({"N": 1.6e9, "P": 8})["loss"][0])
    assert value(pile, "loss at N=1.6B") == pytest.approx(pile.predict({"N": 1.6e9, "P": 1})["loss"][0])
    table = sl.equivalence(pile, N=1.6e9, P=8)
    assert value(pile, "N_equivalent at N=1.6B,P=8") == pytest.approx(table["N_equivalent"][0])
    assert value(pile, "multiplier at N=1.6B,P=8") == pytest.approx(table["multiplier"][0])
    assert value(user_fit(), "multiplier at N=1.6B,P=8") > 1


def test_optima_of_a_budget() -> None:
    fit = known("chinchilla")
    size, tokens = value(fit, "N* at C=1e21"), value(fit, "D* at C=1e21")
    assert 6 * size * tokens == pytest.approx(1e21)
    assert value(fit, "a") == pytest.approx(fit.params["beta"] / (fit.params["alpha"] + fit.params["beta"]))


def test_a_parameter_called_a_is_the_parameter() -> None:
    assert value(known("coupled"), "a") == known("coupled").params["a"]


def test_a_function_is_taken_as_it_is() -> None:
    assert value(fitted(), lambda theta: theta[:, 0] * 2) == 2 * fitted().params["E"]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ("gamma", "cannot read 'gamma': it is no parameter of law 'parscale'"),
        ("loss", "cannot read 'loss'"),
        ("loss at N", "cannot read 'N' in 'loss at N'"),
        ("multiplier at N=1.6B", "lacks P|multiplier"),
        ("size at N=1B", "cannot read 'size at N=1B'"),
        ("loss at N=many", "N='many' is not a number"),
        ("loss at N=1B,D=2B", "no column 'D'"),
        ("N* at C=1e21", "N and D"),
    ],
)
def test_words_that_mean_nothing(of, words) -> None:
    if of == "multiplier at N=1.6B":
        assert value(fitted(), of) == pytest.approx(1.0)
        return
    with pytest.raises(FitError, match=words):
        value(fitted(), of)
