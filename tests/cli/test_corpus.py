"""`scalelaw corpus`."""

import json
from pathlib import Path

import pytest

from scalelaw.harness.corpus import KNOWN


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for i in range(40):
        (folder / f"{i:02d}.txt").write_text(f"text {i}\n" + "some words\n" * 50)
    return folder


def test_without_a_name_the_corpora_are_listed(shell) -> None:
    outcome = shell("corpus")
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.split()[0] for line in outcome.out.splitlines()] == list(KNOWN)
    assert json.loads(shell("corpus", "--json").out) == KNOWN


def test_the_card(shell, texts: Path) -> None:
    first = shell("corpus", f"text:{texts}", "--held-out", "2000")
    assert first.code == 0
    assert first.out.startswith(f"text:{texts}, bytes (256 ids), hash ")
    for part in ("40 documents", "held out: 4 documents", "licence: the user's own", f"from {texts}, 40 files"):
        assert part in first.out
    assert "preparing the corpus" in first.err
    again = shell("corpus", f"text:{texts}", "--held-out", "2000")
    assert (again.out, again.err) == (first.out, "")


def test_the_card_as_json(shell, texts: Path) -> None:
    card = json.loads(shell("corpus", f"text:{texts}", "--held-out", "2000", "--json").out)
    assert card["documents"] == card["train"]["documents"] + card["held_out"]["documents"] == 40
    assert card["tokens"] == card["bytes"] + 40
    assert card["hash"] in shell("corpus", f"text:{texts}", "--held-out", "2000").out


def test_too_little_to_hold_out_is_said(shell, texts: Path) -> None:
    assert (
        "note: too small to hold out 500,000 tokens: a tenth of it is held out" in shell("corpus", f"text:{texts}").out
    )


def test_a_bpe(shell, texts: Path) -> None:
    outcome = shell("corpus", f"text:{texts}", "--tokenizer", "bpe:300", "--held-out", "100")
    assert outcome.code == 0
    assert f"text:{texts}, bpe:300 (" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cod",), "there is no corpus 'cod'; there are code, prose, text:PATH, hf:NAME"),
        (("code", "--tokenizer", "words"), "there is no tokenizer 'words'; there are bytes and bpe:SIZE"),
        (("code", "--held-out", "0"), "held_out is 0; at least one token must be held out"),
        (("text:/does/not/exist",), "there is no file or folder /does/not/exist"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(shell, arguments: tuple[str, ...], said: str) -> None:
    outcome = shell("corpus", *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Error: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
