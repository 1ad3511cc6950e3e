"""HTML pages as paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

_INLINE = frozenset(("a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "q", "s", "small", "span", "strong"))
_INLINE |= {"sub", "sup", "tt", "u", "img", "mark", "kbd", "var", "wbr", "ins", "del", "strike"}  # others break lines
_SKIPPED = frozenset(("head", "script", "style", "nav", "noscript", "template"))
_NAVIGATION = re.compile(r"navigation|page-links|display:\s*none")
_SPACE = re.compile(r"\s+")


def documents(members: Mapping[str, bytes]) -> Iterator[str]:
    """A document a page."""
    for contents in members.values():
        yield text(contents.decode("utf-8", "replace"))


def text(page: str) -> str:
    """The paragraphs of a page, a blank line between them; without navigation, and lines that are links only.

    Examples
    --------
    >>> text("<head><title>T</title></head><p>One &amp;\\n two</p><ul><li><a href='#'>Up</a></ul><p>Three")
    'One & two\\n\\nThree'
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    reader.end()
    return "\n\n".join(reader.paragraphs)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[str] = []
        self.now: list[str] = []
        self.prose = False  # whether the paragraph has words outside links
        self.links = 0
        self.skipping, self.depth = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.skipping:
            self.depth += tag == self.skipping
            return
        said = " ".join(value or "" for name, value in attrs if name in ("class", "style"))
        if tag in _SKIPPED or _NAVIGATION.search(said):
            self.skipping, self.depth = tag, 1
        elif tag == "a":
            self.links = int(any(name == "href" for name, _ in attrs))
        if tag not in _INLINE:
            self.end()

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            self.depth -= tag == self.skipping
            if not self.depth:
                self.skipping = ""
        elif tag == "a":
            self.links = 0
        elif tag not in _INLINE:
            self.end()

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.now.append(data)
            self.prose = self.prose or (not self.links and any(map(str.isalpha, data)))

    def end(self) -> None:
        """End a paragraph."""
        paragraph = _SPACE.sub(" ", "".join(self.now).replace("\0", "")).strip()
        if paragraph and self.prose:
            self.paragraphs.append(paragraph)
        self.now, self.prose = [], False
