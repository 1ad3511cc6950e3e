"""The published values: as printed, sourced, and consistent with the data they belong to."""

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.datasets import Published, load_columns, names, published
from scalelaw.errors import ScalelawError

ALL = [(name, index) for name in names() for index in range(len(published(name)))]
NAMED = [(name, index) for name, index in ALL if published(name)[index].law.isidentifier()]


def huber(residuals: np.ndarray, delta: float) -> float:
    size = np.abs(residuals)
    return float(np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).sum())


@pytest.mark.parametrize(("name", "index"), ALL)
def test_every_fit_says_where_it_comes_from(name, index):
    fit = published(name)[index]
    assert isinstance(fit, Published)
    assert "arXiv" in fit.reference
    assert fit.how
    assert fit.remark
    assert fit.params or fit.metrics
    assert set(fit.se) <= set(fit.params)
    assert set(fit.interval) <= set(fit.params)
    assert (fit.level is None) == (not fit.interval)
    assert len(load_columns(name, **fit.rows)["loss"]) > 0


@pytest.mark.parametrize(("name", "index"), NAMED)
def test_named_laws_exist_and_have_these_parameters(name, index):
    fit = published(name)[index]
    law = laws.get(fit.law)
    assert not fit.params or set(fit.params) == set(law.parameters)


@pytest.mark.parametrize("name", ["parscale-stack", "parscale-pile"])
def test_parscale_values_reproduce_the_printed_r2(name):
    (fit,) = published(name)
    runs = load_columns(name)
    law = laws.get(fit.law)
    predicted = law.predict(runs, fit.params)
    r2 = 1 - np.sum((runs["loss"] - predicted) ** 2) / np.sum((runs["loss"] - runs["loss"].mean()) ** 2)
    assert r2 == pytest.approx(fit.metrics["r2"], abs=1e-4)


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("gemstones")])
@pytest.mark.parametrize("index", [0, 1])
def test_gemstones_values_reproduce_the_stored_objective(name, index):
    fit = published(name)[index]
    runs = load_columns(name)
    residuals = np.log(runs["loss"]) - np.log(laws.get("chinchilla").predict(runs, fit.params))
    assert huber(residuals, fit.delta) == pytest.approx(fit.metrics["objective"], rel=1e-4)


def test_chinchilla_values():
    hoffmann, besiroglu = published("chinchilla")
    assert dict(hoffmann.params) == {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
    assert dict(besiroglu.params) == {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}
    assert dict(besiroglu.se) == {"E": 0.03, "A": 124.58, "B": 1293.23, "alpha": 0.02, "beta": 0.02}
    assert not hoffmann.se


def test_porian_exponents_lie_in_their_intervals():
    fits = [fit for fit in published("porian") if fit.interval]
    assert len(fits) == 15
    for fit in fits:
        low, high = fit.interval["n_exponent"]
        assert low < fit.params["n_exponent"] < high
        assert fit.level == 0.95


def test_olmo_prediction():
    (fit,) = published("olmo-ladder")
    predicted, actual = fit.metrics["predicted_13B"], fit.metrics["actual_13B"]
    assert predicted / actual - 1 == pytest.approx(fit.metrics["relative_error_13B"])


def test_published_values_cannot_be_changed():
    (fit,) = published("parscale-pile")
    with pytest.raises(TypeError):
        fit.params["E"] = 0.0


def test_no_such_set():
    with pytest.raises(ScalelawError, match="there is no bundled data set 'nope'; there are chinchilla"):
        published("nope")
