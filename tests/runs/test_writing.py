"""write: whole or not at all, with schema and units in the file."""

import json
import os

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.errors import RunsError, ScalelawError
from scalelaw.runs import check, read, read_columns, write

TABLE = {
    "N": [1_600_000_000, 2**53 + 1],
    "P": [1, 8],
    "D": [42_000_000_000, 10**13],
    "C": [1e21, np.pi * 1e22],
    "loss": [1.9539, 1 / 3],
    "run": ["007", "a,b"],
    "seed": [0, None],
    "note": ['say "hi"\nthere', None],
    "done": [True, False],
}
ENDINGS = [".parquet", ".pq", ".csv", ".csv.gz", ".tsv", ".jsonl", ".jsonl.gz", ".ndjson"]


@pytest.fixture
def frame():
    frame = check(pd.DataFrame(TABLE))
    frame.attrs["lab"] = "x"
    frame.attrs["scalelaw"]["corpus"] = {"name": "tiny"}
    return frame


@pytest.mark.parametrize("ending", ENDINGS)
def test_round_trip(tmp_path, frame, ending):
    path = write(frame, tmp_path / f"runs{ending}")
    assert path == tmp_path / f"runs{ending}"
    pd.testing.assert_frame_equal(read(path), frame)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_table_gives_the_same_bytes(tmp_path, frame, ending):
    first, second = write(frame, tmp_path / f"a{ending}"), write(frame, tmp_path / f"b{ending}")
    assert first.read_bytes() == second.read_bytes()


def test_without_an_extension_it_is_parquet(tmp_path, frame):
    assert write(frame, tmp_path / "runs").read_bytes()[:4] == b"PAR1"


def test_schema_and_units_travel_in_the_file(tmp_path, frame):
    path = write(frame, tmp_path / "a.parquet")
    for attrs in (
        pd.read_parquet(path).attrs,
        json.loads(pq.read_schema(path).metadata[b"PANDAS_ATTRS"]),
        read(path).attrs,
    ):
        assert attrs["scalelaw"]["schema"] == "runs/1"
        assert attrs["scalelaw"]["units"]["D"] == "tokens"
        assert attrs["scalelaw"]["corpus"] == {"name": "tiny"}
        assert attrs["lab"] == "x"


def test_pandas_reads_the_same_values(tmp_path, frame):
    path = write(frame, tmp_path / "a.parquet")
    assert pd.read_parquet(path)["N"].tolist() == frame["N"].tolist()
    assert pd.read_parquet(path)["loss"].tolist() == frame["loss"].tolist()


def test_a_mapping_can_be_written(tmp_path):
    path = write({"params": ["1.6B"], "loss": [2]}, tmp_path / "a.csv")
    assert path.read_text().splitlines()[1] == "1600000000,2"
    assert read_columns(path)["N"].tolist() == [1_600_000_000]


def test_a_table_with_faults_is_not_written(tmp_path):
    with pytest.raises(RunsError, match="'loss': not above 0"):
        write({"N": [1], "loss": [-1]}, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.xlsx", "a.json"])
def test_an_unknown_extension(tmp_path, frame, name):
    with pytest.raises(RunsError, match=r"understood are \.parquet"):
        write(frame, tmp_path / name)


def test_a_folder_that_does_not_exist(tmp_path, frame):
    with pytest.raises(ScalelawError, match="does not exist; make it first"):
        write(frame, tmp_path / "nowhere" / "a.parquet")


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl"])
def test_an_interruption_leaves_the_older_file(tmp_path, frame, ending, monkeypatch):
    path = write(frame, tmp_path / f"a{ending}")
    before = path.read_bytes()

    def crash(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        write(frame.head(1), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_column_of_mixed_types_is_refused(tmp_path, ending):
    with pytest.raises(RunsError, match="'mixed'"):
        write({"N": [1, 2], "loss": [2, 2], "mixed": [1, "a"]}, tmp_path / f"a{ending}")


def test_nested_values_go_into_parquet_and_json_lines_but_not_csv(tmp_path):
    table = {"N": [1, 2], "loss": [2, 2], "tags": [["a"], ["b", "c"]]}
    for ending in (".parquet", ".jsonl"):
        assert read_columns(write(table, tmp_path / f"a{ending}"))["tags"].tolist() == [["a"], ["b", "c"]]
    with pytest.raises(RunsError, match=r"write it as \.parquet"):
        write(table, tmp_path / "a.csv")


TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "N": st.integers(1, 9 * 10**18),
            "P": st.integers(1, 2**31 - 1),
            "loss": st.floats(0, 1e300, exclude_min=True),
            "width": st.integers(-(2**53), 2**53),
            "text": st.one_of(st.none(), TEXT),
        }
    ),
    min_size=1,
    max_size=4,
)


@given(ROWS, st.sampled_from([".parquet", ".jsonl"]))
@settings(max_examples=100, deadline=None)
def test_any_table_comes_back_exactly(tmp_path_factory, rows, ending):
    table = {name: [row[name] for row in rows] for name in rows[0]}
    path = write(table, tmp_path_factory.mktemp("any") / f"a{ending}")
    assert {name: values.tolist() for name, values in read_columns(path).items()} == table


@given(st.lists(st.floats(0, 1e300, exclude_min=True), min_size=1))
@settings(max_examples=50, deadline=None)
def test_losses_come_back_exactly_from_csv(tmp_path_factory, losses):
    path = write({"N": np.arange(1, len(losses) + 1), "loss": losses}, tmp_path_factory.mktemp("csv") / "a.csv")
    assert read_columns(path)["loss"].tolist() == losses
