"""The root finder against roots that are known, at every height and from every start."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.analysis.root import solve_decreasing


@given(
    root=st.floats(-60, 60).map(lambda x: float(10.0**x)),
    start=st.floats(-200, 200).map(lambda x: float(10.0**x)),
    alpha=st.floats(0.05, 3),
)
def test_finds_the_root_of_a_power_law(root: float, start: float, alpha: float) -> None:
    target = np.array([root**-alpha])
    assert solve_decreasing(lambda N: N**-alpha, target, start) == pytest.approx([root], rel=1e-9)


def test_solves_every_element_by_itself() -> None:
    alpha = np.array([[0.1], [0.3], [1.0]])
    roots = np.geomspace(1e5, 1e12, 50)
    found = solve_decreasing(lambda N: 1 + (1e7 / N) ** alpha, 1 + (1e7 / roots) ** alpha, 1e9)
    np.testing.assert_allclose(found, np.broadcast_to(roots, (3, 50)), rtol=1e-9)


def test_says_what_cannot_be_reached() -> None:
    def loss(N: np.ndarray) -> np.ndarray:
        return 1 + 1 / (1 + N)  # between 1 and 2

    found = solve_decreasing(loss, np.array([0.5, 1.5, 2.5, np.nan]), 10.0)
    np.testing.assert_array_equal(found[[0, 2, 3]], [np.inf, 0.0, np.nan])
    assert found[1] == pytest.approx(1.0, rel=1e-12)


def test_a_step_is_found_to_rounding() -> None:
    found = solve_decreasing(lambda N: np.where(N < 3.0, 2.0, 1.0), np.array([1.5]), 1e6)
    assert found == pytest.approx([3.0], rel=1e-12)


def test_a_loss_that_is_no_number_gives_nan() -> None:
    assert np.isnan(solve_decreasing(lambda N: np.where(N > 20, np.nan, 2 / N), np.array([1e-3]), 10.0)).all()
