"""Choosing rows by value."""

import numpy as np
import pytest

from scalelaw.datasets import load_columns
from scalelaw.errors import RunsError
from scalelaw.runs import select

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
