"""Data sets by the package datasets: local ones, so that no network is needed."""

import json
import subprocess
import sys

import pytest

from scalelaw.errors import HarnessError
from scalelaw.harness.corpus import prepare
from scalelaw.harness.corpus.hub import asked

pytest.importorskip("datasets", reason="the package datasets is not installed")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    import datasets

    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "given" / "rows.jsonl"
    path.parent.mkdir()
    rows = [{"text": f"text {i} é", "other": f"other {i}", "n": i} for i in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def documents(corpus):
    return set((bytes(corpus.train) + bytes(corpus.held_out)).decode().split("\0")[:-1])


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_local_data_set(file, place):
    name = f"hf:{file if place == 'file' else file.parent}"
    corpus = prepare(name, held_out=50)
    assert documents(corpus) == {f"text {i} é" for i in range(30)}
    assert corpus.card.sources[0].endswith("split train, column text, 30 rows")
    assert prepare(name, held_out=50).card == corpus.card


def test_no_bars_are_drawn_of_a_file_and_they_come_back(file, capfd):
    import datasets

    corpus = prepare(f"hf:{file}", held_out=50)
    assert corpus.card.licence == "the user's own"
    assert [line.partition(" ")[0] for line in capfd.readouterr().err.splitlines()] == ["preparing"]
    assert not datasets.are_progress_bars_disabled()


def test_another_column(file):
    assert documents(prepare(f"hf:{file}?column=other", held_out=50)) == {f"other {i}" for i in range(30)}


def test_rows_that_change_are_another_corpus(file):
    before = prepare(f"hf:{file}", held_out=50).card.hash
    file.write_text(file.read_text().replace("text 7", "text seven"))
    assert prepare(f"hf:{file}", held_out=50).card.hash != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("?column=words", "there is no column 'words'; there are text, other, n; name one with"),
        ("?column=n", "row 0 of column 'n' is no text"),
        ("?split=test", "cannot be loaded: .*test"),
        ("?spilt=test", r"write hf:NAME, with \?config=CONFIG"),
        ("?column=", r"write hf:NAME, with \?config=CONFIG"),
        ("?words", r"write hf:NAME, with \?config=CONFIG"),
    ],
)
def test_what_is_not_there_is_named(file, options, message):
    with pytest.raises(HarnessError, match=message):
        prepare(f"hf:{file}{options}")


def test_names_of_owners_configurations_and_splits():
    name, options = asked("owner/name?config=en-2.0&split=train[:1%25]&column=a%20b")
    assert name == "owner/name"
    assert options == {"config": "en-2.0", "split": "train[:1%]", "column": "a b"}


def test_offline(tmp_path):
    code = (
        f"import os; os.environ |= dict(HF_HUB_OFFLINE='1', HF_HOME={str(tmp_path)!r})\n"
        "from scalelaw.harness.corpus import prepare\n"
        "from scalelaw.errors import HarnessError\n"
        "try: prepare('hf:owner/name')\n"
        "except HarnessError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = "corpus hf:owner/name: the Hugging Face hub cannot be reached, and the data set is not in its cache\n"
    assert done.stdout == said


def test_without_the_package(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError, match=r"needs the package datasets, .* pip install 'scalelaw\[datasets\]'"):
        prepare(f"hf:{file}")
