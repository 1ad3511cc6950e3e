"""Files, folders and standard input."""

import gzip
import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelaw.errors import RunsError
from scalelaw.runs import read, read_columns
from scalelaw.runs.parsing import parse

CSV = "params,streams,val/loss,run,note\n1.6B,1,1.9539,007,first\n500M,8,2.0364,008,\n"
JSONL = (
    '{"N": "1.6B", "P": 1, "loss": 1.9539, "run": "007", "note": "first"}\n\n'
    '{"N": 5e8, "P": 8, "loss": 2.0364, "run": "008"}\n'
)


COLUMNS = {
    "N": [1.6e9, 5e8],
    "P": [1, 8],
    "loss": [1.9539, 2.0364],
    "run": ["007", "008"],
    "note": ["first", None],
}
FORMS = ["a.csv", "a.CSV", "a.csv.gz", "a.tsv", "a.jsonl", "a.jsonl.gz", "a.ndjson", "a.parquet", "a.pq"]
DIALECTS = ["N,loss\r\n1,2\r\n", "\ufeffN,loss\n1,2", "N;loss\n1;2\n", "N\tloss\n1\t2\n", 'N,loss\n"1",2\n\n']
BINARY = [b"\x89PNG\r\n\x1a\n\0\0", b"N,loss\n1,\x002\n", "N,loss\n1,2\n".encode("utf-16"), b"N,l\xf6ss\n1,2\n"]


def write_file(path, name=None):
    """The same two runs in the form that the name asks for."""
    ending = name or path.name.partition(".")[2]
    text = JSONL if "json" in ending else CSV
    if ending.startswith("tsv"):
        text = CSV.replace(",", "\t")
    if ending in ("parquet", "pq"):
        pq.write_table(pa.table(COLUMNS), path)
    elif ending.endswith("gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_table(tmp_path, name):
    table = read_columns(write_file(tmp_path / name, name[2:].lower()))
    assert {key: values.tolist() for key, values in table.items()} == {
        "N": [1_600_000_000, 500_000_000],
        "P": [1, 8],
        "loss": [1.9539, 2.0364],
        "run": ["007", "008"],
        "note": ["first", None],
    }
    assert [values.dtype.str[1:] for values in table.values()] == ["i8", "i4", "f8", "O", "O"]


def test_read_gives_a_frame_with_attrs(tmp_path):
    frame = read(write_file(tmp_path / "a.csv"))
    assert frame.attrs["scalelaw"]["schema"] == "runs/1"
    assert frame.attrs["scalelaw"]["units"]["loss"] == "nat/token"
    assert frame["N"].tolist() == [1_600_000_000, 500_000_000]


def test_pandas_is_not_imported(tmp_path):
    for name in ("a.csv", "b.jsonl", "c.parquet"):
        write_file(tmp_path / name)
    code = (
        "import sys; import scalelaw.runs; assert 'pyarrow' not in sys.modules;"
        "scalelaw.runs.read_columns(sys.argv[1]);"
        "assert 'pandas' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@pytest.mark.parametrize("text", DIALECTS)
def test_csv_dialects(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert {name: values.tolist() for name, values in read_columns(path).items()} == {"N": [1], "loss": [2.0]}


def test_spaces_after_commas(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("N, P, loss, run\n1.6B, 8, 2.5, 07\n500M, 2, 2.75, 08\n")
    table = read_columns(path)
    assert list(table) == ["N", "P", "loss", "run"]
    assert table["N"].tolist() == [1_600_000_000, 500_000_000]
    assert table["P"].tolist() == [8, 2]
    assert table["loss"].tolist() == [2.5, 2.75]


def test_quoted_thousands_and_newlines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('N,loss,note\n"1,000,000",2.5,"two\nlines"\n')
    table = read_columns(path)
    assert table["N"].tolist() == [10**6]
    assert table["note"].tolist() == ["two\nlines"]


def test_names_can_be_chosen(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("N,mine,loss\n1,5,2\n")
    table = read_columns(path, columns={"N": "mine"})
    assert table["N"].tolist() == [5]
    assert table["other_N"].tolist() == [1]


def test_a_table_to_predict_from_needs_no_loss(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("N,P\n1.6B,8\n")
    assert read_columns(path, need=())["P"].tolist() == [8]
    with pytest.raises(RunsError, match="no column 'loss'"):
        read_columns(path)


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_standard_input_is_sniffed(tmp_path, monkeypatch, name):
    data = write_file(tmp_path / f"a.{name}").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert read_columns("-")["N"].tolist() == [1_600_000_000, 500_000_000]


def test_empty_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(RunsError, match="standard input is empty"):
        read_columns("-")


class TestFolders:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "a.csv").write_text("params,loss,width\n1B,2.5,64\n2B,2.4,128\n")
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "b.jsonl").write_text(
            '{"N": 3e9, "P": 4, "loss": 2.3, "tokens": 42e9, "source": "mine"}\n'
        )
        (tmp_path / ".hidden.csv").write_text("rubbish")
        (tmp_path / "notes.txt").write_text("not a table")
        return tmp_path

    def test_columns_are_united_never_dropped(self, folder):
        frame = read(folder)
        assert frame["N"].tolist() == [10**9, 2 * 10**9, 3 * 10**9]
        assert frame["width"].tolist()[:2] == [64, 128]
        assert np.isnan(frame["width"].iloc[2])
        assert frame["D"].isna().tolist() == [True, True, False]

    def test_a_file_without_p_has_one_stream(self, folder):
        assert read_columns(folder)["P"].tolist() == [1, 1, 4]

    def test_source_names_the_file_where_absent(self, folder):
        assert read_columns(folder)["source"].tolist() == ["a.csv", "a.csv", "mine"]

    def test_rows_are_counted_in_each_file(self, folder):
        (folder / "c.csv").write_text("N,loss\n1B,2\n1B,-2\n")
        with pytest.raises(RunsError, match=r"column 'loss': not above 0 in row 2 of c\.csv \(-2.0\)"):
            read_columns(folder)

    def test_an_ambiguity_names_the_file(self, folder):
        (folder / "c.csv").write_text("N,params,loss\n1,2,3\n")
        with pytest.raises(RunsError, match=r"c\.csv: columns 'N', 'params' could each be 'N'"):
            read_columns(folder)

    def test_conventions_of_two_files_are_not_mixed(self, folder):
        (folder / "c.csv").write_text("N_backbone,loss\n1B,2\n")
        with pytest.raises(RunsError, match=r"two conventions are mixed: row 1 of c\.csv"):
            read_columns(folder)

    def test_a_chosen_column_that_no_file_has(self, folder):
        with pytest.raises(RunsError, match="no file has a column 'mine'"):
            read_columns(folder, columns={"D": "mine"})

    def test_a_chosen_column_that_some_files_have(self, folder):
        (folder / "c.csv").write_text("N,t,loss\n1B,5,2\n")
        assert np.nan_to_num(read_columns(folder, columns={"D": "t"})["D"]).tolist() == [0, 0, 5, 42e9]

    def test_numbers_in_one_file_and_text_in_another(self, folder):
        (folder / "c.csv").write_text("N,loss,width\n1B,2,wide\n")
        assert read_columns(folder)["width"].tolist() == [64, 128, "wide", None]

    def test_metadata_on_which_all_agree_is_kept(self, tmp_path):
        for name, grid in (("a", 1), ("b", 2)):
            table = pa.table({"N": [1], "loss": [2.0]})
            attrs = json.dumps({"grid": grid, "lab": "x"})
            pq.write_table(table.replace_schema_metadata({"PANDAS_ATTRS": attrs}), tmp_path / f"{name}.parquet")
        attrs = read(tmp_path).attrs
        assert attrs["lab"] == "x"
        assert "grid" not in attrs

    def test_a_folder_without_tables(self, tmp_path):
        (tmp_path / "notes.txt").write_text("")
        with pytest.raises(RunsError, match=r"the folder .* holds no table; understood are \.parquet"):
            read_columns(tmp_path)


def bad(path, data: bytes = b"N,loss\n1,2\n") -> str:
    path.write_bytes(data)
    with pytest.raises(RunsError) as caught:
        read_columns(path)
    return str(caught.value)


def test_no_such_file(tmp_path):
    with pytest.raises(RunsError, match=r"there is no file or folder .*nope\.csv; check the path"):
        read_columns(tmp_path / "nope.csv")


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.json", "a.txt"])
def test_an_unknown_extension(tmp_path, name):
    message = bad(tmp_path / name)
    assert "understood are .parquet, .pq, .csv" in message


def test_an_empty_file(tmp_path):
    assert "is empty" in bad(tmp_path / "a.csv", b"")
    assert "is empty" in bad(tmp_path / "a.parquet", b"\n")


def test_a_header_without_rows(tmp_path):
    assert "the table is empty" in bad(tmp_path / "a.csv", b"N,loss\n")


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.95])
def test_a_truncated_parquet(tmp_path, keep):
    data = write_file(tmp_path / "whole.parquet").read_bytes()
    message = bad(tmp_path / "cut.parquet", data[: int(len(data) * keep)])
    assert "cut.parquet is not a readable parquet file" in message
    assert "\n" not in message


def test_a_damaged_parquet(tmp_path):
    data = bytearray(write_file(tmp_path / "whole.parquet").read_bytes())
    data[4:200] = b"\xff" * 196
    assert "is not a readable parquet file" in bad(tmp_path / "bad.parquet", bytes(data))


def test_a_text_file_named_parquet(tmp_path):
    assert "is not a readable parquet file" in bad(tmp_path / "a.parquet", b"N,loss\n1,2\n")


@pytest.mark.parametrize("data", BINARY)
def test_a_binary_file_named_csv(tmp_path, data):
    assert "is not text" in bad(tmp_path / "a.csv", data)


def test_a_parquet_named_csv(tmp_path):
    data = write_file(tmp_path / "a.parquet").read_bytes()
    assert "is a parquet file; name it .parquet" in bad(tmp_path / "b.csv", data)


def test_a_truncated_gzip(tmp_path):
    assert "is damaged" in bad(tmp_path / "a.csv.gz", gzip.compress(CSV.encode())[:30])


def test_ragged_lines_are_all_named(tmp_path):
    message = bad(tmp_path / "a.csv", b"N,loss\n1,2\n1,2,3\n4\n")
    assert "line 3 has 3 fields where the header has 2 ('1,2,3')" in message
    assert "line 4 has 1 fields" in message


def test_two_columns_of_one_name(tmp_path):
    assert "has two columns called 'N'" in bad(tmp_path / "a.csv", b"N,N,loss\n1,2,3\n")


def test_bad_json_lines_are_all_named(tmp_path):
    message = bad(tmp_path / "a.jsonl", b'{"N": 1, "loss": 2}\n{"N": \n[1]\n')
    assert "line 2 is not JSON" in message
    assert "line 3 is not an object" in message


def test_text_in_a_number_column_names_row_and_text(tmp_path):
    message = bad(tmp_path / "a.csv", b"N,loss\n1B,2.5\n2B,high\n")
    assert message.startswith("column 'loss': not a number in row 2 ('high')")


def test_another_schema_is_refused(tmp_path):
    table = pa.table({"N": [1], "loss": [2.0]}).replace_schema_metadata(
        {"PANDAS_ATTRS": json.dumps({"scalelaw": {"schema": "runs/9"}})}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(RunsError, match="written with schema 'runs/9'; this version reads 'runs/1'"):
        read_columns(tmp_path / "a.parquet")


def test_unreadable_metadata(tmp_path):
    table = pa.table({"N": [1], "loss": [2.0]}).replace_schema_metadata({"PANDAS_ATTRS": "{"})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(RunsError, match="unreadable metadata"):
        read_columns(tmp_path / "a.parquet")


def test_parquet_of_many_types(tmp_path):
    frame = pd.DataFrame(
        {
            "N": pd.array([1, 2], dtype="UInt64"),
            "P": np.array([1, 2], dtype=np.int8),
            "loss": np.array([2.5, 2.25], dtype=np.float16),
            "D": pd.array([5, None], dtype="Int64"),
            "run": pd.Categorical(["a", "b"]),
            "done": [True, None],
            "when": pd.to_datetime(["2025-01-01", "2025-01-02"]),
            "tags": [["x"], []],
        },
        index=[3, 4],
    )
    frame.to_parquet(tmp_path / "a.parquet")
    table = read_columns(tmp_path / "a.parquet")
    assert list(table) == list(frame)
    assert table["D"].tolist()[0] == 5
    assert table["run"].tolist() == ["a", "b"]
    assert table["done"].tolist() == [True, None]
    assert table["tags"].tolist() == [["x"], []]


def test_parquet_in_several_row_groups(tmp_path):
    pq.write_table(pa.table({"N": range(1, 101), "loss": np.full(100, 2.0)}), tmp_path / "a.parquet", row_group_size=7)
    assert read_columns(tmp_path / "a.parquet")["N"].tolist() == list(range(1, 101))


def test_a_named_pandas_index_comes_back_as_a_column(tmp_path):
    pd.DataFrame({"loss": [2.0, 1.9]}, index=pd.Index([10, 20], name="N")).to_parquet(tmp_path / "a.parquet")
    assert read_columns(tmp_path / "a.parquet")["N"].tolist() == [10, 20]


@given(st.binary(max_size=200), st.sampled_from(["any", "csv", "jsonl", "parquet"]))
@settings(max_examples=300, deadline=None)
def test_wild_bytes_are_read_or_refused(data, kind):
    try:
        parsed = parse(data, kind, "it")
    except RunsError:
        return
    assert len({len(values) for values in parsed.columns.values()}) <= 1


@given(st.text(alphabet='N,loss"\n\r;\t{}:[]01.5e ', max_size=60), st.sampled_from(["any", "csv", "jsonl"]))
@settings(max_examples=300, deadline=None)
def test_wild_text_is_read_or_refused(text, kind):
    try:
        parsed = parse(text.encode(), kind, "it")
    except RunsError:
        return
    assert len({len(values) for values in parsed.columns.values()}) <= 1
