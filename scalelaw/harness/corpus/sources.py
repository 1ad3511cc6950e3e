"""Where documents come from, by the name of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from scalelaw.errors import HarnessError

HELD_OUT = 500_000  # tokens, at least
KNOWN = {
    "code": "Python's standard library and the packages that come with torch; nothing to download",
    "prose": "five Debian packages of English prose, fetched once",
    "text:PATH": "your own files: one, or a folder of them",
    "hf:NAME": "a Hugging Face data set, hf:NAME[?config=CONFIG&split=SPLIT&column=COLUMN]",
}
_MODULES = {"code": "code", "prose": "prose", "text": "files", "hf": "hub"}


@dataclass(frozen=True)
class Source:
    """Text that a corpus can be made of.

    Attributes
    ----------
    fingerprint : str
        Changes when the documents do, and is quick to have.
    licence : str
    described : tuple of str
        What the text is taken from, with versions.
    documents : callable
        Gives the documents, in an order that is always the same.
    held_out_cut : int or None
        Bytes of each held-out document that count: many short pieces leave the held-out loss less at the mercy of one
        long file.
    notes : tuple of str
        What a user should know.
    left_out : list of str
        Files that are no text: ``documents`` adds them as it finds them.
    """

    fingerprint: str
    licence: str
    described: tuple[str, ...]
    documents: Callable[[], Iterator[bytes]]
    held_out_cut: int | None = None
    notes: tuple[str, ...] = ()
    left_out: list[str] = field(default_factory=list)

    def noted(self) -> tuple[str, ...]:
        """The notes, with that on files that were left out."""
        return (*self.notes, no_text(self.left_out)) if self.left_out else self.notes


def no_text(files: Sequence[str]) -> str:
    """
    >>> no_text(["a.png", "b.png", "c.png", "d.png"])
    '4 files of no UTF-8 text left out: a.png, b.png, c.png, ...'
    """
    many, more = "s" if len(files) > 1 else "", ", ..." if len(files) > 3 else ""
    return f"{len(files)} file{many} of no UTF-8 text left out: {', '.join(files[:3])}{more}"


def absolute(name: str) -> str:
    """The name of a corpus wherever it is asked for: a path of ``text:`` from the root."""
    kind, _, where = name.partition(":")
    return f"text:{Path(where).expanduser().absolute()}" if kind == "text" and where else name


def find(name: str, *, fetch: bool = True) -> Source:
    """The source of a corpus.

    Parameters
    ----------
    name : str
    fetch : bool
        Whether ``prose`` may be downloaded.

    Raises
    ------
    HarnessError
        If there is no corpus of that name, or it cannot be read.
    """
    kind, colon, where = name.partition(":")
    takes = kind in ("text", "hf")
    if kind not in _MODULES or takes != bool(colon and where):
        raise HarnessError(f"there is no corpus {name!r}; there are {', '.join(KNOWN)}")
    module = import_module(f"scalelaw.harness.corpus.{_MODULES[kind]}")
    given = (where,) if takes else ()
    source: Source = module.source(*given, **({"fetch": fetch} if kind == "prose" else {}))
    return source
