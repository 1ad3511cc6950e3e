"""Corpora: prepared once, split by document, told apart by hash."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.errors import HarnessError
from scalelaw.harness.corpus import Card, load, prepare
from scalelaw.harness.corpus.files import pieces
from scalelaw.harness.corpus.splitting import split


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    """Sixty documents of a few kB, each of other words."""
    rng = np.random.default_rng(0)
    path = tmp_path / "texts"
    path.mkdir()
    for i in range(60):
        words = rng.choice(["alpha", "beta", "gamma", "delta", "größe", "\n"], size=400)
        (path / f"{i:02d}.txt").write_text(f"document {i}\n" + " ".join(words) + "\n")
    return path


def documents(tokens: np.ndarray) -> list[bytes]:
    return bytes(tokens).split(b"\0")[:-1]


def test_bytes_are_the_documents_each_ended_by_zero(folder):
    corpus = prepare(f"text:{folder}", held_out=10_000)
    texts = {path.read_bytes() for path in folder.iterdir()}
    train, held_out = documents(corpus.train), documents(corpus.held_out)
    assert {*train, *held_out} == texts
    assert not {*train} & {*held_out}
    assert len(corpus.held_out) >= 10_000
    assert corpus.train.dtype == np.uint8
    card = corpus.card
    assert (card.documents, card.vocabulary) == (60, 256)
    assert card.bytes == sum(map(len, texts)) == card.tokens - 60
    assert card.held_out.bytes == sum(map(len, held_out)) == corpus.held_out_bytes
    starts = [corpus.held_out[start - 1] for start in corpus.held_out_starts[1:]]
    assert starts == [0] * (len(held_out) - 1)
    assert Card.from_dict(json.loads(json.dumps(card.to_dict()))) == card


@pytest.mark.parametrize("size", [300, 512])
def test_bpe_round_trip(folder, size):
    import tokenizers

    corpus = prepare(f"text:{folder}", tokenizer=f"bpe:{size}", held_out=3_000)
    assert corpus.card.vocabulary <= size
    assert corpus.train.dtype == np.uint16
    saved = next((folder.parent / "cache" / "corpora").glob("*/tokenizer.json"))
    tokenizer = tokenizers.Tokenizer.from_file(str(saved))
    text = tokenizer.decode(corpus.train[:-1].tolist(), skip_special_tokens=False).split("<|end|>")
    known = {path.read_text() for path in folder.iterdir()}
    assert set(text) <= known
    assert len(text) == corpus.card.train.documents
    assert corpus.card.bytes / corpus.card.tokens > 2


@pytest.mark.parametrize("tokenizer", ["bytes", "bpe:300"])
def test_the_same_text_has_the_same_hash_and_another_has_another(folder, tokenizer, tmp_path, monkeypatch):
    name = f"text:{folder}"
    first = prepare(name, tokenizer=tokenizer, held_out=3_000).card
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "other"))
    assert prepare(name, tokenizer=tokenizer, held_out=3_000).card == first
    (folder / "07.txt").write_text("changed\n")
    assert prepare(name, tokenizer=tokenizer, held_out=3_000).card.hash != first.hash


def test_the_corpus_of_a_hash_is_kept_when_its_files_change(folder, tmp_path, monkeypatch):
    name = f"text:{folder}"
    first = prepare(name, held_out=3_000)
    (folder / "07.txt").write_text("changed\n")
    assert prepare(name, held_out=3_000).card.hash != first.card.hash
    again = load(name, hash=first.card.hash)
    assert again.card == first.card
    assert np.array_equal(again.train, first.train)
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "other"))
    with pytest.raises(HarnessError, match=rf"now has the hash .* was planned with {first.card.hash}"):
        load(name, hash=first.card.hash)


def test_a_corpus_of_a_hash_is_made_anew_elsewhere(folder, tmp_path, monkeypatch):
    """With as many tokens held out as when the cell was planned, which is not the default."""
    name = f"text:{folder}"
    first = prepare(name, held_out=3_000)
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "other"))
    assert load(name, hash=first.card.hash, held_out=3_000).card == first.card


def test_adding_documents_moves_no_other(folder):
    before = set(documents(prepare(f"text:{folder}", held_out=5_000).held_out))
    for i in range(3):
        (folder / f"new-{i}.txt").write_text(f"new {i}\n" * 50)
    after = set(documents(prepare(f"text:{folder}", held_out=5_000).held_out))
    assert len(after & before) >= len(before) - 1


@pytest.mark.parametrize("damage", ["card.json", "train.npy", "held_out.npy", "held_out_starts.npy"])
@pytest.mark.parametrize("how", ["gone", "torn"])
def test_a_damaged_cache_is_made_anew(folder, damage, how):
    name = f"text:{folder}"
    card = prepare(name, held_out=3_000).card
    file = next((folder.parent / "cache" / "corpora").glob(f"*/{damage}"))
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert prepare(name, held_out=3_000).card == card


@pytest.mark.parametrize("damage", ["train.npy", "held_out.npy", "tokenizer.json"])
def test_a_single_changed_byte_is_noticed(folder, damage):
    name = f"text:{folder}"
    first = prepare(name, tokenizer="bpe:300", held_out=3_000)
    file = next((folder.parent / "cache" / "corpora").glob(f"*/{damage}"))
    contents = file.read_bytes()
    file.write_bytes(contents[:-3] + bytes([contents[-3] ^ 1]) + contents[-2:])
    assert prepare(name, tokenizer="bpe:300", held_out=3_000).card == first.card
    assert file.read_bytes() == contents


def test_a_corpus_in_the_cache_needs_no_lock(folder, monkeypatch):
    from scalelaw.harness.corpus import preparing

    card = prepare(f"text:{folder}", held_out=3_000).card
    monkeypatch.setattr(preparing, "_lock", lambda _: pytest.fail("the cache may be one that only others write"))
    assert load(f"text:{folder}", hash=card.hash).card == card


def test_what_a_killed_process_left_is_taken_away(folder):
    name = f"text:{folder}"
    prepare(name, held_out=3_000)
    made = next(path for path in (folder.parent / "cache" / "corpora").iterdir() if path.is_dir())
    left = made.with_name(f".making-{made.name}-abc")
    made.rename(left)
    prepare(name, held_out=3_000)
    assert made.exists()
    assert not left.exists()


@pytest.mark.parametrize("size", [257, 300, 1_000])
def test_enough_is_held_out_whatever_the_tokenizer(folder, size, capsys):
    corpus = prepare(f"text:{folder}", tokenizer=f"bpe:{size}", held_out=2_000)
    assert len(corpus.held_out) >= 2_000
    assert not [note for note in corpus.card.notes if "hold out" in note]
    first, second = capsys.readouterr().err.splitlines()  # once, however often one is trained
    assert first.startswith("preparing the corpus text:")
    assert second == f"training a tokenizer of {size} tokens on it"


@pytest.mark.parametrize("size", [300, 20_000])
def test_fewer_tokens_than_were_asked_for_are_noted(folder, size):
    card = prepare(f"text:{folder}", tokenizer=f"bpe:{size}", held_out=2_000).card
    said = f"the text has no more than {card.vocabulary:,} tokens to learn, and {size:,} were asked for"
    assert (said in card.notes) == (card.vocabulary < size)
    assert card.vocabulary < 20_000


def test_a_text_that_writes_out_the_end_of_a_document_does_not_end_there(folder):
    from scalelaw.harness.corpus.tokenizers import END

    for path in folder.iterdir():
        path.write_text(f"{path.read_text()}{END} and on")
    corpus = prepare(f"text:{folder}", tokenizer="bpe:300", held_out=3_000)
    assert int((corpus.train == corpus.train[-1]).sum()) == corpus.card.train.documents


def test_a_path_means_the_same_everywhere(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    card = prepare(f"text:{folder.name}", held_out=3_000).card
    assert card.name == f"text:{folder}"
    monkeypatch.chdir(folder)
    assert load(card.name, hash=card.hash).card == card


def test_two_processes_at_once(folder):
    code = f"from scalelaw.harness.corpus import prepare; print(prepare('text:{folder}', held_out=3000).card.hash)"
    calls = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [call.communicate() for call in calls]
    assert len({out for out, _ in outputs}) == 1
    assert sum("preparing" in err for _, err in outputs) == 1
    assert not list((folder.parent / "cache" / "corpora").glob(".making-*"))


def test_one_long_file_is_cut_into_documents(tmp_path):
    text = "".join(f"line {i}\n" + "\n" * (i % 7 == 0) for i in range(9_000))
    (tmp_path / "book.txt").write_text(text)
    corpus = prepare(f"text:{tmp_path / 'book.txt'}", held_out=5_000)
    assert corpus.card.documents >= 10
    assert corpus.card.bytes == len(text)
    assert "cut into documents" in corpus.card.notes[0]


def test_lines_of_json_and_gzip(tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": f"text {i} é", "n": i}) + "\n" for i in range(30)))
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"zipped"))
    (tmp_path / ".hidden").write_text("hidden")
    corpus = prepare(f"text:{tmp_path}", held_out=50)
    found = {*documents(corpus.train), *documents(corpus.held_out)}
    assert found == {*(f"text {i} é".encode() for i in range(30)), b"zipped"}


@given(st.binary(max_size=2_000), st.integers(1, 300))
def test_pieces_are_the_text(text, size):
    cut = list(pieces(text, size))
    assert b"".join(cut) == text
    assert all(len(piece) >= size for piece in cut[:-1])


@pytest.mark.parametrize("line", [b"a line\n", b"word ", b"x"])
def test_a_large_text_is_cut_without_searching_it_through_each_time(line):
    cut = list(pieces(line * 4_000_000, 1_000))
    assert {len(piece) for piece in cut[:-1]} <= set(range(1_000, 1_008))


@given(st.text(min_size=1, max_size=500), st.integers(1, 50))
def test_pieces_of_text_are_text(text, size):
    assert "".join(piece.decode() for piece in pieces(text.encode(), size)) == text


@given(st.lists(st.binary(max_size=60), max_size=40), st.integers(1, 2_000), st.none() | st.integers(1, 50))
def test_a_split_of_anything(given_documents, held_out, cut):
    usable = set()
    for document in given_documents:
        try:
            document.decode()
        except UnicodeDecodeError:
            continue
        if document and b"\0" not in document:
            usable.add(document)
    if len(usable) < 2:
        with pytest.raises(HarnessError, match="at least two"):
            split(given_documents, held_out=held_out, cut=cut, bytes_a_token=1.0, name="any")
        return
    made = split(given_documents, held_out=held_out, cut=cut, bytes_a_token=1.0, name="any")
    assert made.train
    assert made.held_out
    assert len(made.train) + len(made.held_out) == len(usable)
    assert set(made.train) <= usable
    assert all(any(document.startswith(piece) for document in usable) for piece in made.held_out)
    assert all(piece.decode() is not None and len(piece) <= (cut or 10**9) for piece in made.held_out)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cod", {}, "there is no corpus 'cod'; there are code, prose, text:PATH, hf:NAME"),
        ("text:", {}, "there is no corpus 'text:'"),
        ("text:/does/not/exist", {}, "there is no file or folder /does/not/exist"),
        ("code", {"tokenizer": "words"}, "there is no tokenizer 'words'; there are bytes and bpe:SIZE"),
        ("code", {"tokenizer": "bpe:5"}, "of 257 to"),
        ("code", {"held_out": 0}, "at least one token must be held out"),
    ],
)
def test_what_is_not_there_is_named(name, options, message):
    with pytest.raises(HarnessError, match=message):
        prepare(name, **options)


@pytest.mark.parametrize(
    ("file", "contents", "message"),
    [
        ("a.txt", b"\xff\xfe\x00", "no file of the folder is UTF-8 text; a.txt is the first"),
        (
            "a.jsonl",
            b'{"text": "a"}\n{"words": "b"}\n',
            'a.jsonl, line 2, is not a JSON object with a string under "text"',
        ),
        ("a.txt.gz", b"not gzip", "a.txt.gz cannot be read"),
        ("a.txt", b"one", "has 1 usable document; to hold some out"),
    ],
)
def test_a_bad_file_is_named(tmp_path, file, contents, message):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / file).write_bytes(contents)
    with pytest.raises(HarnessError, match=message):
        prepare(f"text:{tmp_path / 'in'}")


@pytest.mark.parametrize(("data", "why"), [(b"ab\xff", "byte 2"), (b"a\0b", "byte 1 is zero")])
def test_a_file_that_is_no_text_is_refused_alone_and_left_out_of_a_folder(folder, data, why, capsys):
    image = folder / "below" / "image.png"
    image.parent.mkdir()
    image.write_bytes(data)
    with pytest.raises(HarnessError, match=f"image.png is not UTF-8 text .{why}.; convert it"):
        prepare(f"text:{image}")
    card = prepare(f"text:{folder}", held_out=10_000).card
    assert card.documents == 60
    assert card.notes == ("1 file of no UTF-8 text left out: below/image.png",)
    assert f"{card.notes[0]}\n" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "file"))
    with pytest.raises(HarnessError, match="set SCALELAW_CACHE to another place"):
        prepare(f"text:{folder}")


@pytest.mark.slow
def test_the_corpus_of_code_has_what_it_promises():
    corpus = prepare("code")
    assert len(corpus.held_out) >= 500_000
    assert corpus.card.sources[0].startswith("python 3.")
    assert any(source.startswith("torch ") for source in corpus.card.sources)
    assert corpus.card.held_out.documents >= 60
    assert load("code", hash=corpus.card.hash).card == corpus.card
