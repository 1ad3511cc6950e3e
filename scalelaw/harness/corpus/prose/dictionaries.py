"""Dictionaries in the form of dictd: entries cleaned, and put together by how they begin."""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

SMALLEST = 15_000  # characters that entries of the same letters are put together to, with those of the next letters
_ENTRY = re.compile(r"\n(?=\S)")
_DEFINED = re.compile(r"\n[ \t]+\S")
_HEAD = 300  # characters: a longer entry has its pronunciation behind it
_SENSE = re.compile(r"\n(?=[ \t]+(?:[a-z]+[ \t])?\d+[.:] )")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_PRONOUNCED = re.compile(r"\\[^\\]{0,200}\\(?:\s*\([^()]{0,100}\))?")
_CREDIT = re.compile(r"\s*\[[^\[\]]*(?:Webster|WordNet|PJC|Century Dict)[^\[\]]*\]")
_UNKNOWN = re.compile(r"\s*\((?:\?|-\?|#)\)")
_MARKED = re.compile(r"\[(?:([\^=~'`\",.-])([A-Za-z])|([A-Za-z])(\^)|(=?[A-Za-z]{2,5}))\]")
_MARKS = {"^": "\u0302", "=": "\u0304", "~": "\u0303", "'": "\u0301", "`": "\u0300", '"': "\u0308", ",": "\u0327"}
_MARKS |= {".": "\u0307", "-": "\u0304"}
_BREVE = "\u0306"
_NAMED = {"ae": "æ", "oe": "œ", "AE": "Æ", "OE": "Œ", "=ae": "ǣ", "imac": "ī", "aum": "ä", "root": "√", "eth": "ð"}
_NAMED |= {"thorn": "þ", "deg": "°", "sect": "§", "yogh": "ȝ"}
_BRACED = re.compile(r"\{([^{}]*)\}")
_RELATED = re.compile(r"\s*\[(syn|ant): ([^\[\]]*)\]")


def gcide(members: Mapping[str, bytes]) -> Iterator[str]:
    """The GNU Collaborative International Dictionary of English."""
    yield from grouped((headword(entry), cleaned) for entry in _entries(members) if (cleaned := gcide_text(entry)))


def wordnet(members: Mapping[str, bytes]) -> Iterator[str]:
    """WordNet's glosses, each once: synonyms repeat them, and what is held out must not be trained on."""
    seen: set[str] = set()
    entries = ((headword(entry), wordnet_text(entry, seen)) for entry in _entries(members))
    yield from grouped((word, text) for word, text in entries if text)


def _entries(members: Mapping[str, bytes]) -> Iterator[str]:
    for contents in members.values():
        data = gzip.decompress(contents)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
        for entry in _whole(_ENTRY.split(text.replace("\0", ""))):
            if _DEFINED.search(entry) and not entry.lstrip("\n").startswith("00-database"):
                yield entry


def _whole(parts: Iterable[str]) -> Iterator[str]:
    """Entries whose pronunciation, between backslashes, goes on at the start of a line put together again."""
    entry = ""
    for part in parts:
        if entry.count("\\") % 2 and len(entry) < _HEAD:
            entry += "\n" + part
        else:
            yield entry
            entry = part
    yield entry


def headword(entry: str) -> str:
    """What an entry is found under.

    Examples
    --------
    >>> headword('Bathe \\\\Bathe\\\\, v. i.\\n   To bathe.'), headword("'tween\\n    adv 1: between")
    ('Bathe', "'tween")
    """
    return entry.lstrip("\n").partition("\n")[0].partition("\\")[0].strip()


def gcide_text(entry: str) -> str:
    """An entry without pronunciation, credits and markup, a line a sense.

    Examples
    --------
    >>> gcide_text('Bather \\\\Bath"er\\\\ (b[=a]th"r), n.\\n   One who {bathes}, as a b[^a]t.\\n   [1913 Webster]')
    'Bather, n. One who bathes, as a bât.'
    """
    lines = []
    for paragraph in re.split(r"\n\s*\n", entry):
        for sense in _SENSE.split(paragraph):
            if line := _line(sense):
                lines.append(line)
    return "\n".join(lines)


def _line(sense: str) -> str:
    text = _PRONOUNCED.sub("", _SPACE.sub(" ", sense))
    text = _MARKED.sub(_accented, _UNKNOWN.sub("", _CREDIT.sub("", text)))
    text = _repeated(_BRACED, lambda found: re.sub(r"[*\"`]", "", found[1]), text)
    text = _repeated(_TAG, lambda _: "", text)
    return _SPACE.sub(" ", text).replace(" ,", ",").strip()


def _repeated(pattern: re.Pattern[str], by: object, text: str) -> str:
    """Substitute until there is nothing to: one that is taken out may leave another."""
    while True:
        text, n = pattern.subn(by, text)  # type: ignore[call-overload]
        if not n:
            return text


def _accented(found: re.Match[str]) -> str:
    mark, letter, short, _, name = found.groups()
    if name:
        return _NAMED.get(name, found[0])
    return unicodedata.normalize("NFC", letter + _MARKS[mark] if letter else short + _BREVE)


def wordnet_text(entry: str, seen: set[str]) -> str:
    """An entry's senses that no entry before it had, a line each; empty where there is none.

    Examples
    --------
    >>> seen = set()
    >>> wordnet_text("hood\\n    n 1: a cover [syn: {hood}, {cap}]\\n    2: slang", seen)
    'hood\\nnoun: a cover (synonyms: hood, cap)\\nnoun: slang'
    >>> wordnet_text("cap\\n    n 1: a cover [syn: {hood}, {cap}]", seen)
    ''
    """
    word, *senses = _SENSE.split(entry.strip("\n"))
    lines, kind = [], ""
    for sense in senses:
        head, _, said = _SPACE.sub(" ", sense).strip().partition(": ")
        kind = _KINDS.get(head.partition(" ")[0], kind)  # only the first sense of a kind names it
        line = _BRACED.sub(r"\1", _RELATED.sub(_relation, said)).strip()
        if line and line not in seen:
            seen.add(line)
            lines.append(f"{kind}: {line}" if kind else line)
    return "\n".join([_SPACE.sub(" ", word).strip(), *lines]) if lines else ""


_KINDS = {"n": "noun", "v": "verb", "adj": "adjective", "adv": "adverb"}


def _relation(found: re.Match[str]) -> str:
    return f" ({'synonyms' if found[1] == 'syn' else 'antonyms'}: {found[2]})"


def grouped(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Entries in the order of their headwords' letters; those of the same three first letters stay together.

    Examples
    --------
    >>> list(grouped([("bathe", "bathe, v."), ("Abbey", "Abbey, n."), ("Bath", "Bath, n.")]))
    ['Abbey, n.\\n\\nbathe, v.\\n\\nBath, n.']
    """
    by_letters: dict[str, list[str]] = {}
    for word, text in entries:
        by_letters.setdefault(_letters(word), []).append(text)
    now: list[str] = []
    for letters in sorted(by_letters):
        now += by_letters[letters]
        if sum(map(len, now)) >= SMALLEST:
            yield "\n\n".join(now)
            now = []
    if now:
        yield "\n\n".join(now)


def _letters(word: str) -> str:
    plain = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in plain if "a" <= letter <= "z")[:3]
