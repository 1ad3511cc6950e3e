"""check: what is normalised, and every fault at once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.errors import RunsError
from scalelaw.runs import COLUMNS, check, check_columns

GOOD = {"N": [1e9, 2e9, 3e9], "P": [1, 2, 4], "loss": [2.3, 2.2, 2.1]}


def faults(**changes) -> tuple[str, ...]:
    table = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(RunsError) as caught:
        check_columns(table)
    return caught.value.faults


def test_types_are_those_of_the_schema():
    table = check_columns({**GOOD, "D": [1e9] * 3, "C": ["1e18"] * 3, "seed": [0.0, 1.0, 2.0], "run": [1, 2, 3]})
    assert {name: array.dtype.str[1:] for name, array in table.items()} == {
        "N": "i8",
        "P": "i4",
        "loss": "f8",
        "D": "i8",
        "C": "f8",
        "seed": "i8",
        "run": "O",
    }
    assert table["run"].tolist() == ["1", "2", "3"]


def test_quantities_are_exact():
    assert check_columns({**GOOD, "N": ["1.6B", "9007199254740993", 5]})["N"].tolist() == [
        *(1_600_000_000, 2**53 + 1, 5),
    ]


def test_counts_read_off_a_plot_are_rounded():
    assert check_columns({**GOOD, "N": [2006673381.123, 1.5, 2.5]})["N"].tolist() == [2006673381, 2, 2]


@pytest.mark.parametrize("name", [column.name for column in COLUMNS if column.numeric and not column.complete])
def test_optional_cells_may_be_empty(name):
    table = check_columns({**GOOD, name: [1, None, ""]})
    assert table[name].dtype == np.float64
    assert np.isnan(table[name]).tolist() == [False, True, True]


def test_unknown_columns_are_kept_as_they_are():
    extra = np.array([{"a": 1}, None, [2]], dtype=object)
    table = check_columns({**GOOD, "notes": extra, "width": np.array([1, 2, 3], dtype=np.int8)})
    assert table["notes"] is extra
    assert table["width"].dtype == np.int8


def test_the_table_given_is_left_alone():
    given_table = {"N": np.array([1.0, 2.0]), "loss": np.array(["2", "3"], dtype=object)}
    check_columns(given_table)
    assert given_table["N"].dtype == np.float64
    assert given_table["loss"].tolist() == ["2", "3"]


def test_a_single_value_is_repeated():
    assert check_columns({"N": [1, 2], "P": 8, "loss": [1, 2]})["P"].tolist() == [8, 8]


def test_checking_twice_changes_nothing():
    once = check_columns({**GOOD, "params": ["1B", "2B", "3B"]}, columns={"N": "params"})
    twice = check_columns(once)
    assert list(once) == list(twice)
    assert all(np.array_equal(once[name], twice[name]) for name in once)


@pytest.mark.parametrize("value", [float("nan"), None, "", "nan", "n/a"])
def test_a_missing_loss(value):
    (fault,) = faults(loss=[2.0, value, 2.0])
    assert fault.startswith("column 'loss': missing or NaN in row 2 (")


@pytest.mark.parametrize(
    ("column", "value", "wrong"),
    [
        ("loss", float("inf"), "infinite"),
        ("loss", "inf", "infinite"),
        ("loss", 0, "not above 0"),
        ("loss", -1.5, "not above 0"),
        ("loss", "high", "not a number"),
        ("loss", True, "not a number"),
        ("loss", 1j, "not a number"),
        ("N", 0, "below 1"),
        ("N", 0.4, "below 1"),
        ("N", "-2B", "below 1"),
        ("N", 1e30, "above the largest value"),
        ("N", 2**63, "above the largest value"),
        ("N", "big", "not a number"),
        ("D", 0, "below 1"),
        ("D", float("inf"), "infinite"),
        ("P", 0, "not a whole number of at least 1"),
        ("P", 1.5, "not a whole number of at least 1"),
        ("P", -1, "not a whole number of at least 1"),
        ("P", 2**31, "above the largest value"),
        ("P", None, "missing or NaN"),
        ("C", 0, "not above 0"),
        ("C", -1e18, "not above 0"),
        ("loss_se", -0.1, "below 0"),
        ("bpb", 0, "not above 0"),
        ("step", -1, "below 0"),
        ("step", 1.5, "not a whole number"),
        ("seed", 0.5, "not a whole number"),
        ("n_mlp", -1, "below 0"),
    ],
)
def test_a_faulty_cell_is_named(column, value, wrong):
    (fault,) = faults(**{column: [1, 2, value]})
    assert fault.startswith(f"column {column!r}: {wrong}")
    assert "in row 3 (" in fault
    assert "; " in fault


def test_every_fault_is_named_at_once():
    found = faults(N=["x", 0, 1], P=[1, 0.5, 1], loss=[2, float("nan"), -1], D=[1, "y", 0])
    assert len(found) == 7
    assert {fault.split("'")[1] for fault in found} == {"N", "P", "loss", "D"}


def test_many_rows_are_counted_not_listed():
    table = {"N": np.zeros(1000), "loss": np.ones(1000)}
    with pytest.raises(RunsError, match=r"row 1 \(0.0\), .*row 5 \(0.0\) and 995 more") as caught:
        check_columns(table)
    assert len(str(caught.value)) < 200


def test_the_name_in_the_file_is_told():
    (fault,) = faults(N=None, params=[1, 2, 0])
    assert fault.startswith("column 'N (read from params)': below 1 in row 3")


@pytest.mark.parametrize("table", [{}, {"N": [], "loss": []}, pd.DataFrame(), pd.DataFrame({"N": [], "loss": []})])
def test_an_empty_table(table):
    with pytest.raises(RunsError, match="empty"):
        check(table)


def test_no_loss():
    (fault,) = faults(loss=None)
    assert "no column 'loss'" in fault
    assert "val_loss" in fault
    assert "'N', 'P'" in fault
    assert check_columns({"N": [1]}, need=())["N"].tolist() == [1]


def test_columns_of_different_length():
    (fault,) = faults(D=[1])
    assert "differ in length" in fault


def test_a_matrix_is_no_column():
    (fault,) = faults(D=np.ones((3, 2)))
    assert "'D' has 2 dimensions" in fault


@pytest.mark.parametrize("table", [3, "runs.csv", [1, 2], None])
def test_something_else(table):
    with pytest.raises(RunsError, match="a runs table is a DataFrame or a mapping"):
        check(table)


GROUPS = {"n_attention": [2], "n_mlp": [5], "n_norm": [1], "n_prefix": [3], "n_aggregator": [4]}


def test_groups_sum_to_n_and_backbone():
    table = check_columns({"N": [15], "N_backbone": [8], "loss": [1], **GROUPS, "n_embedding": [100], "n_head": [7]})
    assert table["n_mlp"].dtype == np.int64


def test_groups_need_not_sum_to_an_n_that_was_chosen():
    table = check_columns({"N": [15], "N_backbone": [8], "loss": [1], **GROUPS}, columns={"N": "N_backbone"})
    assert (table["N"].tolist(), table["other_N"].tolist()) == ([8], [15])
    assert check_columns(table)["N"].tolist() == [8]


@pytest.mark.parametrize(
    ("totals", "wrong"),
    [
        ({"N": [16]}, "n_attention + n_mlp + n_norm + n_prefix + n_aggregator is 15 but N is 16 in row 1"),
        ({"N": [15], "N_backbone": [9]}, "n_attention + n_mlp + n_norm is 8 but N_backbone is 9 in row 1"),
    ],
)
def test_groups_that_do_not_sum(totals, wrong):
    with pytest.raises(RunsError) as caught:
        check_columns({**totals, "loss": [1], **GROUPS})
    assert caught.value.faults[0].startswith(wrong)


def test_absent_groups_count_as_nothing_and_lone_groups_are_not_summed():
    check_columns({"N": [7], "loss": [1], "n_attention": [2], "n_mlp": [5]})
    check_columns({"N": [7], "loss": [1], "n_mlp": [5]})
    check_columns({"N": [7, 8], "loss": [1, 1], "n_attention": [2, None], "n_mlp": [5, 6]})


def test_a_backbone_above_the_whole():
    (fault,) = faults(N=[1, 2, 3], N_backbone=[1, 3, 3])
    assert "N_backbone is above N in row 2" in fault


def test_n_in_some_rows_and_backbone_in_others():
    (fault,) = faults(N=[1, None, 3], N_backbone=[1, 2, 3])
    assert "two conventions are mixed: row 2 give" in fault or "two conventions are mixed" in fault
    assert "--column N=N_backbone" in fault


def test_n_missing_in_some_rows():
    (fault,) = faults(N=[1, None, 3])
    assert "column 'N': missing or NaN in row 2" in fault
    assert "--column N=" in fault


def test_a_convention_column_with_two_values():
    (fault,) = faults(convention=["with embeddings", "without", "without"])
    assert "'with embeddings', 'without'" in fault
    assert check_columns({**GOOD, "convention": ["a"] * 3})


def test_a_convention_said_in_some_rows_only():
    (fault,) = faults(convention=["a", None, "a"])
    assert "empty in row 2" in fault


def test_two_losses_for_one_run_and_step():
    (fault,) = faults(run=["a", "a", "b"], step=[5, 5, 5])
    assert fault.startswith("run 'a' at step 5 has two losses, 2.3 in row 1 and 2.2 in row 2")


def test_two_losses_for_one_run_alike_in_everything():
    (fault,) = faults(N=[1, 1, 1], P=1, run=["a", "a", "b"])
    assert fault.startswith("run 'a' has two losses")


@pytest.mark.parametrize(
    "changes",
    [
        {"N": [1, 1, 1], "P": 1},
        {"N": [1, 1, 1], "P": 1, "seed": [1, 1, 1]},
        {"run": ["a", "a", "b"], "step": [1, 2, 2]},
        {"run": ["a", "a", "a"], "D": [1, 2, 3]},
        {"run": ["a", "a", "a"], "step": [1, 1, 1], "loss": [2, 2, 2]},
        {"run": ["a", "a", "a"], "step": [1, 1, 1], "dataset": ["x", "y", "z"]},
        {"N": [1, 1, 1], "P": 1, "run": [None, None, None]},
    ],
)
def test_replicates_and_checkpoints_are_legitimate(changes):
    assert len(check_columns({**GOOD, **changes})["loss"]) == 3


class TestFrames:
    def test_attrs_hold_schema_and_units(self):
        frame = check(pd.DataFrame(GOOD))
        assert frame.attrs["scalelaw"] == {
            "schema": "runs/1",
            "units": {"N": "parameters", "P": "streams", "loss": "nat/token"},
        }

    def test_attrs_of_the_table_are_kept(self):
        frame = pd.DataFrame(GOOD)
        frame.attrs = {"mine": 1, "scalelaw": {"paper": "x"}}
        assert check(frame).attrs["mine"] == 1
        assert check(frame).attrs["scalelaw"]["paper"] == "x"

    def test_the_index_is_kept(self):
        frame = pd.DataFrame(GOOD, index=[5, 7, 9])
        assert check(frame).index.tolist() == [5, 7, 9]

    def test_rows_are_counted_whatever_the_index(self):
        frame = pd.DataFrame({**GOOD, "loss": [1, 2, -3]}, index=[50, 70, 90])
        with pytest.raises(RunsError, match="row 3"):
            check(frame)

    def test_a_named_index_is_a_column(self):
        frame = check(pd.DataFrame(GOOD).set_index(["N", "P"]))
        assert list(frame) == ["N", "P", "loss"]
        assert frame["N"].tolist() == [10**9, 2 * 10**9, 3 * 10**9]

    def test_two_columns_of_one_name(self):
        frame = pd.DataFrame([[1, 2, 3]], columns=["N", "N", "loss"])
        with pytest.raises(RunsError, match="are called 'N'"):
            check(frame)

    @pytest.mark.parametrize("dtype", ["Int64", "Float64", "int64[pyarrow]", "category", "string", "object", "int8"])
    def test_pandas_types(self, dtype):
        frame = pd.DataFrame({"N": [10, 20], "P": [1, 2], "loss": [1.0, 2.0]})
        frame["P"] = frame["P"].astype("string").astype(dtype) if dtype == "string" else frame["P"].astype(dtype)
        assert check(frame)["P"].tolist() == [1, 2]

    def test_nullable_cells(self):
        frame = pd.DataFrame({"N": [10, 20], "loss": [1.0, 2.0], "D": pd.array([1, None], dtype="Int64")})
        assert check(frame)["D"].isna().tolist() == [False, True]
        frame["loss"] = pd.array([1.0, None], dtype="Float64")
        with pytest.raises(RunsError, match=r"'loss': missing or NaN in row 2"):
            check(frame)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.complex_numbers(),
    st.dates(),
    st.sampled_from(["1.6B", "1e400", "inf", "1,000", b"1", np.float32(2.5), np.int8(3), np.datetime64("NaT"), (1, 2)]),
)
NAMES = st.one_of(
    st.sampled_from([column.name for column in COLUMNS] + ["params", "val_loss", "convention", "n", "", 3, None]),
    st.text(max_size=5),
)


@st.composite
def wild_tables(draw):
    rows = draw(st.integers(0, 4))
    names = draw(st.lists(NAMES, max_size=6, unique=True))
    return {name: draw(st.lists(CELLS, min_size=rows, max_size=rows)) for name in names}


@given(wild_tables(), st.booleans())
@settings(max_examples=400, deadline=None)
def test_wild_tables_are_checked_or_refused(table, framed):
    """Nothing but a RunsError comes out, and what passes is sound and stays as it is."""
    try:
        checked = check_columns(table, need=())
        frame = check(pd.DataFrame(table), need=()) if framed else None
    except RunsError as error:
        faults = error.faults
    else:
        faults = ()
    if faults:
        assert all(isinstance(fault, str) and fault for fault in faults)
        return
    if "loss" in checked:
        assert np.isfinite(checked["loss"]).all()
        assert (checked["loss"] > 0).all()
    again = check_columns(checked, need=())
    assert [array.dtype for array in again.values()] == [array.dtype for array in checked.values()]
    assert frame is None or len(frame) == len(next(iter(checked.values())))


@given(st.lists(st.floats(1, 9e18), min_size=1, max_size=5))
def test_sound_counts_pass(values):
    table = check_columns({"N": values, "loss": np.ones(len(values))})
    assert np.allclose(table["N"], values, rtol=1e-15, atol=0.5)
