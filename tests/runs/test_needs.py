"""What a law asks of a table."""

import numpy as np
import pandas as pd
import pytest

from scalelaw.errors import RunsError
from scalelaw.runs import require, take

TABLE = {"N": np.array([10, 20]), "loss": np.array([2.0, 1.9]), "D": np.array([5.0, np.nan])}


@pytest.mark.parametrize("table", [TABLE, pd.DataFrame(TABLE)], ids=["mapping", "frame"])
def test_p_is_filled_with_one(table):
    taken = take(table, ("N", "P", "loss"), where="law 'parscale'")
    assert list(taken) == ["N", "P", "loss"]
    assert taken["P"].tolist() == [1, 1]
    assert taken["P"].dtype == np.int32
    assert taken["N"].tolist() == [10, 20]


def test_p_is_taken_where_it_is():
    assert take({**TABLE, "P": [2, 4]}, ("P",), where="it")["P"].tolist() == [2, 4]


def test_missing_columns_are_all_named():
    with pytest.raises(RunsError) as caught:
        require({"N": [1], "loss": [1.0]}, ("N", "D", "C", "P"), where="law 'mine'")
    assert len(caught.value.faults) == 2
    first = caught.value.faults[0]
    assert first.startswith("law 'mine' needs column 'D' (also understood: tokens, num_tokens, ...)")
    assert "only 'N', 'loss'" in first
    assert "--column D=" in first


def test_the_same_word_in_another_case_is_suggested():
    with pytest.raises(RunsError, match=r'--column N=n in the shell or check\(runs, columns=\{"N": "n"\}\)'):
        require({"n": [1]}, ("N",), where="it")


def test_an_empty_cell_of_a_needed_column():
    with pytest.raises(RunsError, match="law 'x' needs column 'D', which is empty in row 2"):
        take(TABLE, ("N", "D"), where="law 'x'")
    assert list(take(TABLE, ("N",), where="law 'x'")) == ["N"]
