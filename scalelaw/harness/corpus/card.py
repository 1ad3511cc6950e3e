"""What a corpus is, on one card; and the corpus itself, as arrays of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from scalelaw.errors import HarnessError


@dataclass(frozen=True)
class Part:
    """One side of the split."""

    documents: int
    bytes: int
    tokens: int


@dataclass(frozen=True)
class Card:
    """A corpus in words and numbers.

    Attributes
    ----------
    name, tokenizer : str
        What it was asked for by.
    vocabulary : int
        Token ids there are.
    documents, bytes, tokens : int
        Of both sides of the split, bytes of text.
    hash : str
        Sixteen hexadecimal digits of the SHA-256 of all tokens, their split and the tokenizer.
    licence : str
    sources : tuple of str
        What the text was taken from, with versions.
    train, held_out : Part
        The split, by document.
    notes : tuple of str
        What a user should know of how it was made.
    """

    name: str
    tokenizer: str
    vocabulary: int
    hash: str
    licence: str
    sources: tuple[str, ...]
    train: Part
    held_out: Part
    notes: tuple[str, ...] = ()

    @property
    def documents(self) -> int:
        return self.train.documents + self.held_out.documents

    @property
    def bytes(self) -> int:
        return self.train.bytes + self.held_out.bytes

    @property
    def tokens(self) -> int:
        return self.train.tokens + self.held_out.tokens

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "documents": self.documents, "bytes": self.bytes, "tokens": self.tokens}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Card:
        given = {name: values[name] for name in (each.name for each in fields(cls))}
        parts = {name: Part(**given[name]) for name in ("train", "held_out")}
        return cls(**{**given, **parts, "sources": tuple(given["sources"]), "notes": tuple(given["notes"])})

    def text(self) -> str:
        """The card in lines for people."""
        share = self.held_out.tokens / self.tokens
        lines = [
            f"{self.name}, {self.tokenizer} ({self.vocabulary:,} ids), hash {self.hash}",
            f"  {self.documents:,} documents, {self.bytes / 1e6:.2f} MB of text, {self.tokens / 1e6:.2f}M tokens, "
            f"{self.bytes / self.tokens:.2f} bytes a token",
            f"  held out: {self.held_out.documents:,} documents, {self.held_out.tokens:,} tokens ({share:.1%})",
            f"  licence: {self.licence}",
            *(f"  from {source}" for source in self.sources),
            *(f"  note: {note}" for note in self.notes),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Corpus:
    """Tokens to train on and tokens held out.

    Attributes
    ----------
    card : Card
    train, held_out : array of shape (tokens,)
        Read-only, mapped from disk; each document ends with the end-of-document token.
    held_out_starts : int64 array of shape (documents,)
        Where each held-out document begins.
    """

    card: Card
    train: np.ndarray
    held_out: np.ndarray
    held_out_starts: np.ndarray

    @property
    def held_out_bytes(self) -> int:
        """Bytes of text held out, of which bits per byte are."""
        return self.card.held_out.bytes


def changed(name: str, wanted: str, found: str) -> HarnessError:
    """The error of a corpus that is not the one a cell was planned with."""
    return HarnessError(
        f"corpus {name} now has the hash {found}, and the cell was planned with {wanted}: its files, the packages "
        "that it is read from, or how many tokens are held out have changed; bring that back, or begin a new sweep"
    )
