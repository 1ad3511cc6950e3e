"""The corpus ``text:PATH``: a user's own files."""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from scalelaw.errors import HarnessError
from scalelaw.harness.corpus.sources import Source, no_text

LARGEST_PIECE, SMALLEST_PIECE = 100_000, 1_000  # bytes of what a large file is cut into
_FEW = 20  # documents that there should be to split by


def source(where: str) -> Source:
    """One file, or every file of text of a folder and those below it, hidden ones left out.

    ``.jsonl`` files hold an object a line with the text under ``text``; all others are UTF-8 text, a document each;
    either may be gzipped. Files larger than 200 kB are cut into pieces at blank lines, and where there are few files,
    smaller ones too, so that there is something to split by.
    """
    root = Path(where).expanduser()
    if not root.exists():
        raise HarnessError(f"corpus text:{where}: there is no file or folder {root}")
    paths = _files(root) if root.is_dir() else [root]
    if not paths:
        raise HarnessError(f"corpus text:{where}: the folder {root} holds no files")
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    sizes = [path.stat().st_size for path in paths]
    piece = LARGEST_PIECE
    if len(paths) < _FEW:
        piece = min(max(sum(sizes) // _FEW, SMALLEST_PIECE), LARGEST_PIECE)
    left_out: list[str] = []
    return Source(
        fingerprint=digest.hexdigest(),
        licence="the user's own",
        described=(f"{root.resolve()}, {len(paths):,} file{'s' if len(paths) > 1 else ''}",),
        documents=lambda: _documents(paths, piece, root, left_out),
        notes=(f"files larger than {2 * piece:,} bytes are cut into documents at blank lines",)
        if max(sizes) > 2 * piece
        else (),
        left_out=left_out,
    )


def _files(root: Path) -> list[Path]:
    found = (path for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def _documents(paths: list[Path], piece: int, root: Path, left_out: list[str]) -> Iterator[bytes]:
    """Of a folder, what is no text, such as an image, is left out; a single file must be text."""
    left_out.clear()
    for path in paths:
        data = _read(path)
        if (why := _no_text(data)) is None:
            for text in _texts(path, data):
                yield from pieces(text, piece)
        elif path == root:
            raise HarnessError(f"{path} is not UTF-8 text ({why}); convert it")
        else:
            left_out.append(str(path.relative_to(root)))
    if len(left_out) == len(paths):
        raise HarnessError(f"corpus text:{root}: no file of the folder is UTF-8 text; {left_out[0]} is the first")
    if left_out:
        sys.stderr.write(f"{no_text(left_out)}\n")


def _no_text(data: bytes) -> str | None:
    """Why these bytes cannot be trained on as text."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start:,}"
    return f"byte {data.index(0):,} is zero" if b"\0" in data else None


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.name.endswith(".gz") else data
    except (OSError, EOFError, zlib.error) as error:
        raise HarnessError(f"{path} cannot be read: {error}") from error


def _texts(path: Path, data: bytes) -> Iterator[bytes]:
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        yield from _lines(path, data)
    else:
        yield data


def _lines(path: Path, data: bytes) -> Iterator[bytes]:
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError):
            text = None
        if not isinstance(text, str):
            raise HarnessError(f'{path}, line {number}, is not a JSON object with a string under "text"')
        yield text.encode("utf-8", "replace")


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    """A text in pieces of at least ``size`` bytes that end at blank lines, else at line ends."""
    begin = 0
    while len(text) - begin > 2 * size:
        least, most = begin + size, begin + 2 * size
        # no mark is looked for beyond the piece: a text without blank lines would be searched to its end each time
        found = ((mark, text.find(mark, least, most + len(mark) - 1)) for mark in (b"\n\n", b"\n", b" "))
        end = next((at + len(mark) for mark, at in found if at >= 0), least)
        while end < len(text) and text[end] & 0xC0 == 0x80:  # not within a character
            end += 1
        yield text[begin:end]
        begin = end
    yield text[begin:]
