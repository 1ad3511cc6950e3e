"""Intervals of draws that are infinite, and what means nothing as an interval."""

import numpy as np
import pytest

from scalelaw.errors import FitError
from scalelaw.fit.intervals import KINDS, check_interval, interval

FINITE = np.random.default_rng(0).normal(5.0, 1.0, 1000)
SOME = np.where(np.arange(1000) < 100, np.inf, FINITE)


@pytest.mark.parametrize("kind", ["bc", "percentile"])
def test_an_end_among_infinite_draws_is_infinite_and_the_other_is_not(kind: str) -> None:
    low, high = interval(SOME, 5.0, kind=kind)
    assert 2.0 < low < 4.0
    assert high == np.inf
    assert interval(-SOME, -5.0, kind=kind).tolist() == pytest.approx([-np.inf, -low])


def test_a_normal_interval_of_infinite_draws_is_open_at_both_ends() -> None:
    assert interval(SOME, 5.0, kind="normal").tolist() == [-np.inf, np.inf]
    assert interval(SOME, np.inf, kind="normal").tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize("kind", KINDS)
def test_draws_that_are_all_infinite_have_infinite_ends(kind: str) -> None:
    assert interval(np.full(50, np.inf), np.inf, kind=kind).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("kind", KINDS)
def test_one_infinite_quantity_leaves_the_others_alone(kind: str) -> None:
    both = interval(np.stack([FINITE, SOME], axis=1), np.array([5.0, 5.0]), kind=kind)
    np.testing.assert_allclose(both[:, 0], interval(FINITE, 5.0, kind=kind), rtol=1e-12)


@pytest.mark.parametrize(("level", "kind"), [(0, "bc"), (1, "bc"), (95, "bc"), (float("nan"), "bc"), (None, "bca")])
def test_what_means_nothing_is_refused(level: float | None, kind: str) -> None:
    with pytest.raises(FitError, match="of an interval"):
        check_interval(level, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_no_level_asks_for_no_interval(kind: str) -> None:
    check_interval(None, kind)
