"""The batched minimiser against minima that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.analysis.allocation.minimum import minimise, reach


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(0.05, 3.0)), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_minima_of_lopsided_valleys(wells) -> None:
    where, slope = np.array(wells).T

    def f(x):
        u = slope * (x - where)
        return 2.0 + np.exp(u) / slope + np.exp(-u) / slope

    found = minimise(f, np.full(where.shape, -30.0), np.full(where.shape, 30.0))
    np.testing.assert_allclose(found, where, atol=1e-6)


def test_ends_kinks_and_holes() -> None:
    low, high = np.zeros(3), np.full(3, 10.0)
    offsets = np.array([-5.0, 3.0, 50.0])
    np.testing.assert_allclose(minimise(lambda x: np.abs(x - offsets), low, high), [0.0, 3.0, 10.0], atol=1e-4)
    holed = minimise(lambda x: np.where(x < 2, np.nan, (x - 1.0) ** 2), low, high)
    np.testing.assert_allclose(holed, 2.0, atol=1e-3)


@pytest.mark.parametrize(("outside", "wanted"), [(10.0, 2.0), (-10.0, -2.0), (1.5, 1.5)])
def test_reach(outside: float, wanted: float) -> None:
    found = reach(lambda x: x**2, np.array([4.0]), np.zeros(1), np.array([outside]))
    np.testing.assert_allclose(found, wanted, atol=1e-12)
