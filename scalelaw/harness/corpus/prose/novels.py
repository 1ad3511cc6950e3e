"""Novels in R's lazy-load files, by chapters."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence

from scalelaw.harness.corpus.prose import serialised

_CHAPTER = re.compile(r"\s*chapter\s+([ivxlc]+|\d+)\.?\s*", re.IGNORECASE)


def documents(members: Mapping[str, bytes]) -> Iterator[str]:
    """A document a chapter."""
    for path, index in members.items():
        if path.endswith(".rdx"):
            contents = members[path.removesuffix("x") + "b"]
            for place in places(index):
                yield from chapters(lines(contents, *place))


def places(index: bytes) -> list[tuple[int, int]]:
    """Offset and size of each variable."""
    variables, _, compressed = serialised.read(gzip.decompress(index))
    if compressed not in ([1], [True]):
        raise ValueError("its data are not compressed with zlib")
    return [(int(offset), int(size)) for offset, size in variables]


def lines(contents: bytes, offset: int, size: int) -> list[str]:
    """A character vector: four bytes of its size, then zlib."""
    (expected,) = struct.unpack_from(">I", contents, offset)
    try:
        data = zlib.decompress(contents[offset + 4 : offset + size])
    except zlib.error as error:
        raise ValueError(f"a variable is damaged: {error}") from error
    if len(data) != expected:
        raise ValueError(f"a variable has {len(data)} bytes where {expected} were promised")
    return [line or "" for line in serialised.read(data)]


def chapters(lines: Sequence[str]) -> Iterator[str]:
    """Chapters of a novel, each with its heading; what is before the first is one too.

    Examples
    --------
    >>> list(chapters(["EMMA", "", "CHAPTER I", "", "Emma was", "clever.", "", "Rich."]))
    ['EMMA', 'CHAPTER I\\n\\nEmma was clever.\\n\\nRich.']
    """
    starts = [at for at, line in enumerate(lines) if _CHAPTER.fullmatch(line)]
    for first, after in zip([0, *starts], [*starts, len(lines)], strict=True):
        if text := paragraphs(lines[first:after]):
            yield text


def paragraphs(lines: Sequence[str]) -> str:
    """Lines joined; where there were blank ones, a blank line."""
    joined = re.split(r"\n\s*\n", "\n".join(lines))
    return "\n\n".join(text for each in joined if (text := " ".join(each.split())))
