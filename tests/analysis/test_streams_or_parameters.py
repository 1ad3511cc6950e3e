"""Streams against parameters at equal training compute."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.analysis.streams_or_parameters import streams_or_parameters
from scalelaw.errors import FitError
from scalelaw.laws import Law

from .made import at, known


def _additive(N, P, D, *, E, A, B, F, alpha, beta, gamma):
    "E + A / N^alpha + B / P^beta + F / D^gamma"
    return E + A / N**alpha + B / P**beta + F / D**gamma


TRUTH = {"E": 1.0, "A": 400.0, "B": 0.3, "F": 400.0, "alpha": 0.34, "beta": 0.4, "gamma": 0.28}


def additive(draws: int = 0):
    return at(Law("additive", _additive), TRUTH, draws=draws)


def test_by_the_parscale_law_parameters_win_while_both_are_free() -> None:
    frame = streams_or_parameters(known("parscale_data", draws=20))
    assert (frame["better"] == "parameters").all()
    assert (frame["difference_low"] <= frame["difference"]).all()
    assert len(frame) == frame["C"].nunique() * frame["P"].nunique()


def test_streams_win_where_memory_and_data_cap_both() -> None:
    frame = streams_or_parameters(known("parscale_data"), C=[1e19, 1e23], P=[2, 4], N_max="1B", D_max="20B")
    rich = frame[frame["C"] == 1e23]
    assert (rich["better"] == "streams").all()
    assert (frame[frame["C"] == 1e19]["better"] == "parameters").all()


def test_the_same_tokens_and_the_same_compute() -> None:
    frame = streams_or_parameters(additive(20), N=[1e8, 1e10, 1e12], C=[1e20, 1e24], P=4)
    np.testing.assert_allclose(frame["N_alone"], 4 * frame["N"])
    np.testing.assert_allclose(frame["D_alone"], frame["D"])
    np.testing.assert_allclose(6 * frame["N"] * frame["D"] * frame["P"], frame["C"])
    drop = TRUTH["A"] * (1 - 4.0 ** -TRUTH["alpha"]) * frame["N"] ** -TRUTH["alpha"]
    np.testing.assert_allclose(frame["difference"], TRUTH["B"] * (4.0 ** -TRUTH["beta"] - 1) + drop)
    assert (frame["better"].iloc[0], frame["better"].iloc[-1]) == ("parameters", "streams")


def test_where_they_are_even_the_interval_leaves_it_open() -> None:
    fit = additive(50)
    # the size at which what four streams give is what four times the parameters give
    gain = TRUTH["B"] * (1 - 4.0 ** -TRUTH["beta"])
    even = (TRUTH["A"] * (1 - 4.0 ** -TRUTH["alpha"]) / gain) ** (1 / TRUTH["alpha"])
    frame = streams_or_parameters(fit, N=even, C=1e22, P=4)
    assert frame["difference"][0] == pytest.approx(0, abs=1e-12)
    assert list(frame["better"]) == ["undecided"]


@pytest.mark.parametrize("few", [{"C": [1e20, 3e21], "P": [2, 7]}, {"C": [1e20, 1e22], "P": 3, "N": ["0.1B", "2B"]}])
def test_a_denser_map_has_the_rows_of_the_one_asked_for(few: dict) -> None:
    fit = known("parscale_data", draws=5)
    sparse, dense = (streams_or_parameters(fit, **few, num=num) for num in (None, 9))
    varied = ["C", "N"] if "N" in few else ["C", "P"]
    assert [dense[name].nunique() for name in varied] == [9, 9]
    given = ["C", "P", "N"] if "N" in few else ["C", "P"]
    both = sparse.astype(dict.fromkeys(given, float)).merge(dense, on=given, suffixes=("", "_dense"))
    assert len(both) == len(sparse)
    for name in ("difference", "difference_low", "difference_high"):
        np.testing.assert_allclose(both[f"{name}_dense"], both[name], rtol=1e-9)
    steps = np.diff(np.log(dense["C"].unique()))
    np.testing.assert_allclose(steps, steps[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"P": [1, 2]}, "above 1"),
        ({"P": [2, 4], "N": 1e9}, "has one P"),
        ({"N": 1e9, "N_max": 1e9}, "mean nothing"),
        ({"width": 3}, "no column 'width'"),
        ({"num": 1}, "2 or more, not 1"),
    ],
)
def test_refusals(options: dict, message: str) -> None:
    with pytest.raises(FitError, match=message):
        streams_or_parameters(known("parscale_data"), **options)


def test_it_needs_all_three_columns() -> None:
    for name in ("parscale", "chinchilla"):
        with pytest.raises(FitError, match="has no"):
            streams_or_parameters(known(name))
    assert sl.laws.parscale_data.columns == ("N", "P", "D")
