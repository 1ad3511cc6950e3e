"""The corpus of prose: each format read from made-up samples, packages from made-up ones."""

import contextlib
import gzip
import re
import shutil
import struct
import subprocess
import zlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scalelaw.errors import HarnessError
from scalelaw.harness.corpus import load, prepare
from scalelaw.harness.corpus.prose import commentary, dictionaries, novels, packages, pages, serialised

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there is no dpkg-deb on this machine")
ESSAY = "A sentence of some length about nothing in particular. " * 8


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "cache"))


PAGE = """<!DOCTYPE html><html><head><title>Gone</title><style>p {}</style></head><body>
<h1>On caf&eacute;s</h1><p>One &amp; <i>two</i>,
   three.<br>Four &lt; five.</p><script>if (a<b) {}</script>
<ul><li><a href="x.html">Only a link</a></li><li>See <a href="x.html">this</a>.</li></ul>
<div class="book-navigation"><div>up</div> and down</div><span style="display: none;">hidden</span>
<p><a name="here">A named place</a> is prose.</body></html>"""


def test_a_page():
    assert pages.text(PAGE).split("\n\n") == [
        "On cafés",
        "One & two, three.",
        "Four < five.",
        "See this.",
        "A named place is prose.",
    ]


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<div class='navigation'>", "</div>", "<!--", "<a href=x>", "<", "&", "w "])
        | st.text(max_size=8)
    ).map("".join)
)
def test_any_page_is_paragraphs(page):
    for paragraph in filter(None, pages.text(page).split("\n\n")):
        assert paragraph == " ".join(paragraph.split())


@given(st.lists(st.sampled_from(["b", "i", "p", "div", "h1", "li"]), max_size=20), st.sampled_from(["word", "two"]))
def test_no_tag_of_a_page_is_left(tags, word):
    page = "".join(f"<{tag} class='x'>{word}</{tag}><br/>" for tag in tags)
    assert not re.search(r"[<>]", pages.text(page))


def test_a_commentary():
    marked = ["<title>Psalm 1</title> <div sID='a'/> <hi>Verse 1.</hi> Bread &amp; <reference>wine</reference>.", "Two"]
    packed = [zlib.compress(each.encode()) for each in marked]
    starts = (0, len(packed[0]))
    index = b"".join(
        struct.pack("<III", start, len(each), len(text))
        for start, each, text in zip(starts, packed, marked, strict=True)
    )
    read = list(commentary.documents({"ot.czs": index, "ot.czz": b"".join(packed)}))
    assert read == ["Psalm 1\n\nVerse 1. Bread & wine.", "Two"]
    with pytest.raises(ValueError, match="a chapter is damaged"):
        list(commentary.documents({"ot.czs": index, "ot.czz": b"no" * 100}))


def string(text: str | None, flags: int = 0x40009) -> bytes:
    data = b"" if text is None else text.encode("latin-1" if flags & 0x4000 else "utf-8")
    return struct.pack(">ii", flags, -1 if text is None else len(data)) + data


def vector(kind: int, *items: bytes) -> bytes:
    return struct.pack(">ii", kind, len(items)) + b"".join(items)


def integers(*values: int) -> bytes:
    return struct.pack(f">ii{len(values)}i", 13, len(values), *values)


def named(kind: int, names: list[str], *items: bytes) -> bytes:
    """A vector with the attribute ``names``."""
    symbol = struct.pack(">i", 1) + string("names")
    attribute = struct.pack(">i", 0x402) + symbol + vector(16, *map(string, names)) + struct.pack(">i", 254)
    return vector(kind | 0x200, *items) + attribute


def whole(item: bytes, version: int = 3) -> bytes:
    encoding = struct.pack(">i", 5) + b"UTF-8" if version == 3 else b""
    return b"X\n" + struct.pack(">iii", version, 0x40201, 0x30500) + encoding + item


@pytest.mark.parametrize("version", [2, 3])
def test_serialised_vectors(version):
    item = named(
        19, ["a", "b", "c"], integers(3, -4), vector(14, struct.pack(">d", 0.5)),
        vector(16, string("é"), string(None), string("é", 0x4009)),
    )  # fmt: skip
    assert serialised.read(whole(item, version)) == [[3, -4], [0.5], ["é", None, "é"]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"A\n", "not serialised by R as XDR"),
        (whole(b"")[:9], "ends too early"),
        (whole(integers(1, 2))[:-3], "ends too early"),
        (whole(struct.pack(">i", 3)), "of R's type 3|ends too early"),
        (whole(struct.pack(">ii", 13, -5)), "ends too early"),
        (whole(integers(1), 2).replace(struct.pack(">i", 2), struct.pack(">i", 9), 1), "in version 9"),
    ],
)
def test_what_is_not_serialised_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        serialised.read(data)


@given(st.binary(max_size=60))
def test_torn_data_are_a_value_error(data):
    with contextlib.suppress(ValueError):  # and nothing else
        serialised.read(whole(data))


def test_novels():
    lines = [
        "EMMA",
        "",
        "By Nobody",
        "",
        "CHAPTER I",
        "",
        "Emma was",
        "clever.",
        "",
        "",
        "Rich.",
        "Chapter 2",
        "",
        "End",
    ]
    data = whole(vector(16, *map(string, lines)))
    entry = struct.pack(">I", len(data)) + zlib.compress(data)
    index = named(
        19, ["variables", "references", "compressed"],
        named(19, ["emma"], integers(2, len(entry))), named(19, []), struct.pack(">iii", 10, 1, 1),
    )  # fmt: skip
    members = {"/data/Rdata.rdb": b"--" + entry, "/data/Rdata.rdx": gzip.compress(whole(index))}
    assert list(novels.documents(members)) == [
        "EMMA\n\nBy Nobody",
        "CHAPTER I\n\nEmma was clever.\n\nRich.",
        "Chapter 2\n\nEnd",
    ]


GCIDE = r"""
00-database-short
   Gone
Bather \Bath"er\ (b[=a][th]"[~e]r), n. [F. b[^a]t. See {Bath}.]
   1. One who <as>as a rule</as> bathes; {Ba"ther*s}. --Tennyson.
      [1913 Webster]

            A verse of
            two lines.
      [1913 Webster +PJC]

   2. A caf['e] (?) for bathers.
Unbusy
Abbey \Ab"bey\, Abbey house \Abbey
house\, n.
   A [thorn]ing.
"""


def test_gcide():
    (read,) = dictionaries.gcide({"gcide.dict.dz": gzip.compress(GCIDE.encode())})
    assert read.split("\n") == [
        "Abbey, Abbey house, n. A þing.",
        "",
        "Bather, n. [F. bât. See Bath.]",
        "1. One who as a rule bathes; Bathers. --Tennyson.",
        "A verse of two lines.",
        "2. A café for bathers.",
    ]


@given(
    st.lists(
        st.sampled_from(["<as>", "</as>", "<", ">", "{", "}", "[1913 Webster]", "[^a]", "\\", "\n", "\n\n   2. "])
        | st.text(max_size=6)
    ).map("".join)
)
@example("<<a>b>")
@example("{{a}}")
@example("{\n\n   2. }")
def test_no_markup_of_an_entry_is_left(entry):
    text = dictionaries.gcide_text(entry)
    for line in text.split("\n"):  # one whose brace is closed in another sense was never marked up
        assert not re.search(r"</?[A-Za-z][^<>]*>|\{[^{}]*\}|\[1913 Webster\]", line)
    assert "\n\n" not in text


WORDNET = """
00-database-short
   Gone
cap
    n 1: a cover for the
         head [syn: {cap}, {hood}]
    v 1: put a cap
         on; "cap it" [ant: {bare}]
    2: end
hood
    n 1: a cover for the
         head [syn: {cap}, {hood}]
    2: a place
"""


def test_wordnet():
    (read,) = dictionaries.wordnet({"wn.dict.dz": gzip.compress(WORDNET.encode())})
    assert read.split("\n") == [
        "cap",
        "noun: a cover for the head (synonyms: cap, hood)",
        'verb: put a cap on; "cap it" (antonyms: bare)',
        "verb: end",
        "",
        "hood",
        "noun: a place",
    ]


def test_entries_that_begin_alike_stay_together():
    entries = [(f"{a}{b}{c}x", f"{a}{b}{c} " + "y" * 2_000) for a in "ab" for b in "cde" for c in "fghi"]
    made = list(dictionaries.grouped(entries * 3))
    starts = [{line[:3] for line in document.split("\n\n")} for document in made]
    assert sum(map(len, starts)) == len(set.union(*starts)) == 24
    assert all(len(document) >= dictionaries.SMALLEST for document in made[:-1])


@pytest.fixture
def essays(tmp_path):
    """A package of three pages, as apt would leave it, and what it is known by."""
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: essays\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: essays\n"
    )
    (root / "usr").mkdir()
    for i in range(3):
        (root / "usr" / f"{i}.html").write_text(f"<h1>Essay {i}</h1><p>{ESSAY}</p>")
    (root / "usr" / "short.html").write_text("<p>short</p>")
    place = tmp_path / "cache" / "corpora" / "debian"
    place.mkdir(parents=True)
    file = place / "essays_1%3a2.0-1_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, file], check=True, capture_output=True)
    return packages.Package("essays", "essays", "CC0-1.0", (".html",), pages.documents, "1:1.0-1", "other")


@needs_dpkg
def test_a_package_end_to_end(essays, monkeypatch, capsys):
    monkeypatch.setattr("scalelaw.harness.corpus.prose.PACKAGES", (essays,))
    corpus = prepare("prose", held_out=100)
    texts = {f"Essay {i}\n\n{ESSAY.strip()}".encode() for i in range(3)}
    assert set(bytes(corpus.train).split(b"\0")[:-1]) < texts
    assert corpus.card.documents == 3
    assert corpus.card.licence == "CC0-1.0 (essays)"
    assert corpus.card.sources[0].startswith("essays 1:2.0-1: essays, 0.0 MB (100%)")
    different = "essays 1:2.0-1 has another text than the known version 1:1.0-1"
    assert different in corpus.card.notes
    assert f"warning: {different}\n" in capsys.readouterr().err
    assert load("prose", hash=corpus.card.hash).card == corpus.card
    assert capsys.readouterr().err == ""


@needs_dpkg
def test_the_known_text_is_known(essays, monkeypatch, capsys):
    file = packages.kept(essays, fetch=False)
    known = replace(essays, sha256=packages.facts(essays, file, 1).sha256)
    file.with_suffix(".json").write_text("{torn")
    capsys.readouterr()
    monkeypatch.setattr("scalelaw.harness.corpus.prose.PACKAGES", (known,))
    assert not any("another text" in note for note in prepare("prose", held_out=100).card.notes)
    assert "warning" not in capsys.readouterr().err


@needs_dpkg
@pytest.mark.parametrize("damage", ["torn", "other"])
def test_a_damaged_package_is_named(essays, damage):
    file = packages.kept(essays, fetch=False)
    if damage == "torn":
        file.write_bytes(file.read_bytes()[:300])
    else:
        essays = replace(essays, endings=(".czs",))
    with pytest.raises(HarnessError, match=r"essays_1%3a2.0-1_all.deb cannot be read as essays .*; remove it"):
        list(packages.texts(essays, file))


def test_a_worker_downloads_nothing():
    with pytest.raises(HarnessError, match=r"not on this machine \(no anarchism\); run scalelaw corpus prose"):
        load("prose", hash="0" * 16)


def test_a_machine_without_apt(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(HarnessError, match="there is no apt-get on this machine"):
        prepare("prose")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("E: Unable to locate package anarchism", "does not know the package anarchism: run apt-get update"),
        ("W: a\nE: Failed to fetch it", r"could not download anarchism \(Failed to fetch it\)"),
        ("", r"could not download anarchism \(it says nothing\)"),
    ],
)
def test_what_apt_says(monkeypatch, said, message):
    monkeypatch.setattr(shutil, "which", lambda name: name)
    failed = subprocess.CompletedProcess([], 100, "", said)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(HarnessError, match=message):
        prepare("prose")
    assert not list(packages.folder().iterdir())


def _why_no_download() -> str:
    if shutil.which("apt-get") is None:
        return "there is no apt-get on this machine"
    done = subprocess.run(["apt-cache", "policy", "anarchism"], capture_output=True, text=True)
    return "" if "Candidate" in done.stdout else "apt-get has no lists on this machine: apt-get update"


@pytest.mark.slow
def test_the_five_packages():
    if why := _why_no_download():
        pytest.skip(why)
    try:
        corpus = prepare("prose")
    except HarnessError as error:
        if "could not download" in str(error):
            pytest.skip(str(error))
        raise
    assert len(corpus.held_out) >= 500_000
    assert len(corpus.card.sources) == 5
    assert 40e6 < corpus.card.bytes < 100e6
    text = bytes(corpus.train)
    assert not re.search(rb"</?(?:p|div|hi|title|as)\b|&amp;|\[1913 Webster\]", text)
    assert b"\n\n\n" not in text
