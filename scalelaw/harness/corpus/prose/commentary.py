"""A SWORD commentary: compressed chapters of OSIS, as paragraphs."""

from __future__ import annotations

import html
import re
import struct
import zlib
from collections.abc import Iterator, Mapping

_RECORD = struct.Struct("<III")  # offset, size, size when decompressed
_BREAK = re.compile(r"</?(?:div|title|p|lg|l|lb|list|item|chapter|verse)\b[^<>]*>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_SPACE = re.compile(r"\s+")


def documents(members: Mapping[str, bytes]) -> Iterator[str]:
    """A document a chapter."""
    for path, index in members.items():
        if path.endswith(".czs"):
            contents = members[path.removesuffix("s") + "z"]
            for offset, size, _ in _RECORD.iter_unpack(index):
                yield text(chapter(contents[offset : offset + size]))


def chapter(compressed: bytes) -> str:
    """A chapter as it was marked up."""
    try:
        return zlib.decompress(compressed).decode("utf-8", "replace")
    except zlib.error as error:
        raise ValueError(f"a chapter is damaged: {error}") from error


def text(marked: str) -> str:
    """The paragraphs of a chapter, a blank line between them.

    Examples
    --------
    >>> text('<title>Psalm 1</title> <div sID="a"/> <hi type="bold">Verse 1.</hi> Bread &amp; wine.')
    'Psalm 1\\n\\nVerse 1. Bread & wine.'
    """
    parts = (_SPACE.sub(" ", html.unescape(_TAG.sub("", part))).strip() for part in _BREAK.split(marked))
    return "\n\n".join(part for part in parts if part)
