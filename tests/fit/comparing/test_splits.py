"""What is held out: masks by hand, compute, refusals."""

import numpy as np
import pytest

from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit.comparing.splits import compute, distance, splits

PILE = load_columns("parscale-pile")
ROWS = np.arange(24)


def test_all_that_suit_by_default() -> None:
    ways = {way.name: way for way in splits(None, PILE, ("N", "P"), ROWS)}
    assert list(ways) == ["loo", "N", "P", "rolling"]
    np.testing.assert_array_equal(ways["loo"].held, np.eye(24, dtype=bool))
    np.testing.assert_array_equal(ways["P"].held, [PILE["P"] == 8])
    assert not ways["loo"].drawn
    assert ways["P"].drawn


def test_a_rolling_origin_sees_the_cheapest_runs_and_none_as_dear_as_one_held_out() -> None:
    (way,) = splits("rolling", PILE, ("N", "P"), ROWS, shares=(0.5, 0.75))
    cost = compute(PILE)[1]
    assert [int((~held).sum()) for held in way.held] == [12, 18]
    for held in way.held:
        assert cost[~held].max() < cost[held].min()
    beyond = distance(cost, way.held)
    assert (beyond[way.held] > 0).all()
    assert beyond[0, np.argmax(cost)] == pytest.approx(np.log10(cost.max() / np.sort(cost)[11]))


def test_runs_of_one_cost_are_on_one_side() -> None:
    table = {"N": np.repeat([1e8, 1e9, 1e10], 4), "loss": np.ones(12)}
    (way,) = splits("rolling", table, ("N",), np.arange(12), shares=(0.4, 0.5, 0.6))
    np.testing.assert_array_equal(way.held, [table["N"] > 1e9])


def test_strata_are_the_rows_that_the_same_folds_hold_out() -> None:
    (way,) = splits("rolling", PILE, ("N", "P"), ROWS, shares=(0.5, 0.75))
    assert sorted(np.bincount(way.strata).tolist()) == [6, 6, 12]


def test_checkpoints_of_a_run_are_held_out_together() -> None:
    runs = np.repeat(np.arange(6), 4)
    (way,) = splits("loo", PILE, ("N",), runs)
    assert way.held.shape == (6, 24)
    assert (way.held.sum(1) == 4).all()


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ({"N": [1e9], "loss": [2.0]}, "N"),
        ({"N": [1e9], "P": [2], "D": [1e10], "loss": [2.0]}, "N P D"),
        ({"N": [1e9], "C": [1e20], "loss": [2.0]}, "C"),
        ({"D": [1e10], "C": [np.nan], "loss": [2.0]}, "D"),
    ],
)
def test_compute_is_what_the_table_says_of_it(table: dict, name: str) -> None:
    found, cost = compute({key: np.array(values) for key, values in table.items()})
    assert found == name
    assert cost[0] == pytest.approx(np.prod([table[each][0] for each in name.split()]))


@pytest.mark.parametrize(
    ("asked", "table", "message"),
    [
        ("rolling", {"P": np.arange(1, 9), "loss": np.ones(8)}, "neither C nor N"),
        ("rolling", {"N": np.full(8, 1e9), "loss": np.ones(8)}, "costs the same"),
        ("D", {"N": np.geomspace(1e8, 1e9, 8), "loss": np.ones(8)}, "largest D cannot be held out"),
        ([], PILE, "nothing to hold out"),
        ("P==3", PILE, "selects no run"),
        ("rooling", PILE, "'rooling' cannot be held out; name loo, rolling"),
    ],
)
def test_refusals(asked, table: dict, message: str) -> None:
    with pytest.raises(FitError, match=message):
        splits(asked, table, ("N",), np.arange(len(table["loss"])))


@pytest.mark.parametrize("shares", [(), (0.0,), (0.5, 1.0)])
def test_shares_that_mean_nothing(shares: tuple) -> None:
    with pytest.raises(FitError, match="between 0 and 1"):
        splits("rolling", PILE, ("N",), ROWS, shares=shares)
