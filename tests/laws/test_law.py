"""The Law type: what it reads from a function, and what it refuses."""

import copy
import pickle

import numpy as np
import pytest

from scalelaw.errors import LawError
from scalelaw.laws import Law


def mine(N, P, *, E, A, alpha, b):
    """E + A / (N P^b)^alpha

    A law of one's own.
    """
    return E + A / (N * P**b) ** alpha


def test_reads_columns_parameters_and_formula():
    law = Law("mine", mine)
    assert law.columns == ("N", "P")
    assert law.parameters == ("E", "A", "alpha", "b")
    assert law.formula == "E + A / (N P^b)^alpha"
    assert law.bound("A") == (0.0, np.inf)
    assert repr(law) == "Law('mine': E + A / (N P^b)^alpha)"


def test_formula_of_a_function_without_docstring_is_the_name():
    assert Law("bare", lambda N, *, A: A / N).formula == "bare"


def test_positional_only_columns_are_columns():
    assert Law("bare", lambda N, /, P, *, A: A / N / P).columns == ("N", "P")


@pytest.mark.parametrize(
    "fn",
    [
        lambda N, P: N + P,
        lambda *, A: A,
        lambda N, *rest, A: A / N / rest[0],
        lambda N, *, A, **rest: A / N / rest["b"],
        lambda: 0.0,
        "E + A/N",
    ],
)
def test_functions_that_are_no_laws(fn):
    with pytest.raises(LawError, match="law 'odd'"):
        Law("odd", fn)


@pytest.mark.parametrize("kind", ["bounds", "starts"])
@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"alph": (0, 1)}, "did you mean 'alpha'"),
        ({"zzz": (0, 1)}, "its parameters are E, A, alpha, b"),
        ({"alpha": (1, 1)}, "low 1 is not below high 1"),
        ({"alpha": (2, 1)}, "low 2 is not below high 1"),
        ({"alpha": (float("nan"), 1)}, "is not below"),
        ({"alpha": 1}, "give two numbers"),
        ({"alpha": ("a", "b")}, "give two numbers"),
        ({"alpha": (1, 2, 3)}, "give two numbers"),
    ],
)
def test_ranges_that_are_none(kind, ranges, message):
    with pytest.raises(LawError, match=message):
        Law("mine", mine, **{kind: ranges})


def test_ranges_cannot_be_changed():
    given = {"alpha": (0.1, 0.5)}
    law = Law("mine", mine, bounds=given)
    given["alpha"] = (0.0, 9.0)
    assert law.bound("alpha") == (0.1, 0.5)
    with pytest.raises(TypeError):
        law.bounds["alpha"] = (0.0, 9.0)


def test_predict_reads_a_table_by_name():
    law = Law("mine", mine)
    table = {"P": [1, 2], "loss": [9, 9], "N": [4, 4]}
    loss = law.predict(table, {"E": 1.0, "A": 2.0, "alpha": 0.5, "b": 2.0, "other": 7.0})
    np.testing.assert_allclose(loss, [2.0, 1.5])
    assert loss.dtype == float


def test_predict_reads_a_data_frame():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"N": [4, 4], "P": [1, 2]}, index=[7, 9])
    np.testing.assert_allclose(Law("mine", mine).predict(frame, {"E": 1, "A": 2, "alpha": 0.5, "b": 2}), [2.0, 1.5])


def test_predict_names_what_is_missing():
    law = Law("mine", mine)
    with pytest.raises(LawError, match="needs the column P; given are N, D"):
        law.predict({"N": [1.0], "D": [1.0]}, {})
    with pytest.raises(LawError, match="needs the parameter A, alpha, b; given are E"):
        law.predict({"N": [1.0], "P": [1.0]}, {"E": 1.0})


def test_copies_keep_everything():
    law = Law("mine", mine, bounds={"b": (0, 1)}, starts={"b": (0.1, 0.9)}, source="me", latex="E")
    for twin in (copy.deepcopy(law), copy.copy(law), pickle.loads(pickle.dumps(law))):
        assert (twin.name, twin.fn, twin.source, twin.latex) == ("mine", mine, "me", "E")
        assert (dict(twin.bounds), dict(twin.starts)) == ({"b": (0, 1)}, {"b": (0.1, 0.9)})


def test_a_column_may_be_called_self():
    assert Law("odd", lambda self, *, A: A / self)(4.0, A=2.0) == 0.5
