"""Intervals of draws that are infinite, and what means nothing as an interval."""

import numpy as np
import pytest
from scipy import stats

from scalelaw.errors import FitError
from scalelaw.fit.intervals import KINDS, check_interval, expanded_level, interval

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


@pytest.mark.parametrize("clusters", [4, 6, 12, 400])
@pytest.mark.parametrize("level", [0.68, 0.95, 0.99])
def test_an_expanded_level_makes_the_interval_of_a_mean_students(clusters: int, level: float) -> None:
    """Resampled means of G numbers vary by s / sqrt(G) times sqrt((G - 1) / G): the interval by t follows exactly."""
    shrunk = np.sqrt((clusters - 1) / clusters)
    half = stats.norm.ppf((1 + expanded_level(level, clusters)) / 2) * shrunk
    assert half == pytest.approx(stats.t.ppf((1 + level) / 2, clusters - 1), rel=1e-4)


def test_single_rows_keep_their_level_and_no_level_reaches_1() -> None:
    assert expanded_level(0.95, 0) == expanded_level(0.95, 1) == 0.95
    assert 0.999 < expanded_level(0.999, 2) < 1


@pytest.mark.parametrize("kind", KINDS)
def test_means_of_few_clusters_are_covered(kind: str) -> None:
    """Of 400 tables of 6 clusters, widened intervals hold the mean in 92 to 98 %, plain ones in fewer than 90."""
    rng = np.random.default_rng(0)
    clusters = rng.standard_normal((400, 6))
    weights = rng.multinomial(6, [1 / 6] * 6, size=1000) / 6
    ends = [
        interval(weights @ clusters.T, clusters.mean(1), kind=kind, level=level)
        for level in (0.95, expanded_level(0.95, 6))
    ]
    plain, widened = (float(((low < 0) & (high > 0)).mean()) for low, high in ends)
    assert plain < 0.9
    assert 0.915 < widened < 0.985


@pytest.mark.parametrize("kind", KINDS)
def test_no_level_asks_for_no_interval(kind: str) -> None:
    check_interval(None, kind)
