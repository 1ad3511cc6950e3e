"""Choosing rows by value."""

import numpy as np
import pandas as pd
import pytest

from scalelaw.datasets import load_columns
from scalelaw.errors import RunsError
from scalelaw.runs import last_of_runs, select

TABLE = {"N": np.array([10**9, 16 * 10**8, 10**9]), "dataset": np.array(["a", "b", "b"], dtype=object)}


@pytest.mark.parametrize(
    ("where", "rows"),
    [({}, 3), ({"dataset": "b"}, 2), ({"N": 1e9}, 2), ({"N": "1B"}, 2), ({"N": "1.6B", "dataset": "b"}, 1)],
)
def test_rows_that_have_the_values_are_kept(where: dict, rows: int) -> None:
    assert len(select(TABLE, where)["N"]) == rows


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"corpus": "a"}, "has no column 'corpus'"),
        ({"dataset": "c"}, "there is 'a', 'b'"),
        ({"N": "big"}, "no row left"),
    ],
)
def test_what_is_not_there_is_refused(where: dict, says: str) -> None:
    with pytest.raises(RunsError, match=says):
        select(TABLE, where)


def test_bundled_sets_are_chosen_from_the_same_way() -> None:
    rows = load_columns("porian", param_count="standard")
    assert set(rows["param_count"]) == {"standard"}
    np.testing.assert_array_equal(select(load_columns("porian"), {"param_count": "standard"})["loss"], rows["loss"])


@pytest.mark.parametrize(
    ("more", "rows"),
    [({"D": [2, 1, 3, 1, 9]}, [0, 2, 4]), ({"step": [1, 2, 9, 5, 1]}, [1, 2, 4]), ({}, [1, 3, 4])],
)
def test_the_last_row_of_each_run(more: dict, rows: list[int]) -> None:
    table = {
        "run": np.array([*"aabbc"]),
        "loss": np.arange(5.0),
        **{name: np.array(each) for name, each in more.items()},
    }
    assert last_of_runs(table)["loss"].tolist() == rows
    assert last_of_runs(pd.DataFrame(table))["run"].tolist() == [*"abc"]


def test_no_run_is_said() -> None:
    with pytest.raises(RunsError, match="needs a column 'run'; the table has N, loss"):
        last_of_runs({"N": [1.0], "loss": [2.0]})
    with pytest.raises(RunsError, match="told by D, which is not a column of numbers"):
        last_of_runs({"run": ["a"], "D": ["20B"], "loss": [2.0]})
