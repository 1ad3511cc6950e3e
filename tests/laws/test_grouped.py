"""A law by groups: names, values, refusals."""

import copy

import numpy as np
import pytest

from scalelaw.errors import LawError
from scalelaw.laws import Law, grouped, parscale, parscale_ensemble

SHARED = grouped(parscale, ["a", "b"], shared=["alpha", "k"], by="corpus")
VALUES = {"E[a]": 1.3, "E[b]": 0.7, "A[a]": 2e8, "A[b]": 1e7, "alpha": 0.2, "k": 0.35}


def test_names() -> None:
    assert SHARED.name == "parscale by corpus"
    assert SHARED.columns == ("N", "P", "group")
    assert SHARED.parameters == tuple(VALUES)
    assert SHARED.formula == "E + (A / (N (k ln P + 1)))^alpha, alpha, k shared and E, A by corpus"


def test_each_row_has_the_parameters_of_its_group() -> None:
    runs = {"N": np.array([1e9, 2e9, 3e9]), "P": np.array([1, 4, 8]), "group": np.array([2, 1, 2])}
    losses = SHARED.predict(runs, VALUES)
    for place, group in enumerate("ab", start=1):
        rows = runs["group"] == place
        own = {name: VALUES[f"{name}[{group}]"] for name in ("E", "A")} | {"alpha": 0.2, "k": 0.35}
        np.testing.assert_array_equal(losses[rows], parscale.predict(runs, own)[rows])
    assert np.isnan(SHARED.predict({**runs, "group": np.array([1, 2, 3])}, VALUES)[2])


def test_bounds_are_those_of_the_law() -> None:
    law = grouped(parscale_ensemble, ["a", "b"])
    assert law.bound("rho[a]") == (-1.0, 1.0)
    assert law.bound("E[b]") == (0.0, np.inf)


def test_groups_by_name_or_number() -> None:
    assert SHARED.fn.numbers(np.array(["a", "2", "b"], dtype=object)).tolist() == [1, 2, 2]
    assert SHARED.fn.numbers(np.array([2.0, 1.0])).tolist() == [2, 1]
    with pytest.raises(LawError, match=r"group='3' is no group of this law, which has 1 \(a\), 2 \(b\)"):
        SHARED.fn.numbers(np.array([3]))


def test_a_copy_is_the_same_law() -> None:
    assert copy.deepcopy(SHARED).parameters == SHARED.parameters


@pytest.mark.parametrize(
    ("groups", "shared", "message"),
    [(["a"], [], "at least two"), (["a", "a"], [], "each once"), (["a", "b"], ["beta"], "shared names 'beta'")],
)
def test_refusals(groups: list, shared: list, message: str) -> None:
    with pytest.raises(LawError, match=message):
        grouped(parscale, groups, shared=shared)


def test_a_law_that_reads_a_column_group_is_refused() -> None:
    with pytest.raises(LawError, match="reads a column 'group'"):
        grouped(Law("mine", lambda N, group, *, E: E + 0 * N * group), ["a", "b"])
