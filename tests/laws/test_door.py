"""Laws as lmfit models."""

import warnings

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.errors import LawError
from scalelaw.laws import ALL, Law, parse
from scalelaw.laws.door import starting_values
from scalelaw.laws.simulate import simulate

from .truths import RUN, TRUTHS

pytest.importorskip("lmfit")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("space", ["log", "raw"])
def test_model_computes_the_law(name, space):
    law = ALL[name]
    model = law.to_lmfit(space)
    columns = {column: np.array([RUN[column], 2.0 * RUN[column]]) for column in law.columns}
    loss = model.eval(model.make_params(**TRUTHS[name]), **columns)
    expected = law.predict(columns, TRUTHS[name])
    np.testing.assert_allclose(loss, np.log(expected) if space == "log" else expected, rtol=1e-14)


@pytest.mark.parametrize("name", ALL)
def test_bounds_go_along(name):
    law = ALL[name]
    parameters = law.to_lmfit().make_params()
    assert tuple(parameters) == law.parameters
    assert {each: (parameters[each].min, parameters[each].max) for each in parameters} == {
        each: law.bound(each) for each in law.parameters
    }


@pytest.mark.parametrize("name", ALL)
def test_every_starting_value_matters(name):
    """At the start the loss is some nats and each parameter moves it: a least-squares step can see them all."""
    law = ALL[name]
    start = starting_values(law)
    run = {column: value * np.geomspace(1 / 8, 8, 9) for column, value in RUN.items()} | {"P": np.arange(1.0, 10.0)}
    loss = law.predict(run, start)
    assert np.all((loss > 0.3) & (loss < 30))
    for each in law.parameters:
        low, high = law.bound(each)
        assert low <= start[each] <= high
        moved = law.predict(run, start | {each: start[each] * 1.1})
        if name != "data_constrained" or each not in (
            "R_N",
            "R_D",
        ):  # these need repetition, which few of the runs have
            assert np.max(np.abs(moved / loss - 1.0)) > 1e-5, each


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("power_n", {"N": (1e8, 1e10)}),
        ("chinchilla", {"N": (1e8, 1e10), "D": (1e9, 1e11)}),
        ("parscale", {"N": (5e8, 5e9), "P": (1.0, 16.0)}),
        ("additive_streams", {"N": (5e8, 5e9), "P": (1.0, 16.0)}),
    ],
)
def test_lmfit_finds_the_truth_from_the_starting_values(name, columns):
    law = ALL[name]
    rng = np.random.default_rng(0)
    design = {column: np.exp(rng.uniform(*np.log(limits), 80)) for column, limits in columns.items()}
    runs = simulate(law, TRUTHS[name], design, noise=0.0, rng=0)
    model = law.to_lmfit("log", runs=runs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = model.fit(
            np.log(runs["loss"]),
            model.make_params(),
            **design,
            method="least_squares",
            fit_kws={"x_scale": "jac", "xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15},
        )
    np.testing.assert_allclose(law.predict(runs, result.best_values), runs["loss"], rtol=1e-5)


def test_a_law_from_text_and_a_law_from_python():
    def mine(width, *, E, A, alpha):
        return E + A / width**alpha

    for law in (Law("mine", mine), parse("E + A/width**alpha", columns=["width"])):
        model = law.to_lmfit("raw")
        assert model.independent_vars == ["width"]
        assert model.eval(model.make_params(E=1, A=2, alpha=0.5), width=4.0) == 2.0


def test_unknown_space():
    with pytest.raises(LawError, match="space is 'log' or 'raw', not 'linear'"):
        laws.power_n.to_lmfit("linear")


def test_runs_without_the_column():
    with pytest.raises(LawError, match="needs the column N; given are D"):
        laws.power_n.to_lmfit(runs={"D": [1.0]})


def test_docstring_says_that_its_errors_are_not_calibrated():
    assert "not calibrated" in Law.to_lmfit.__doc__
