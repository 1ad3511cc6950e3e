"""Documents, each once, some to train on and some held out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from scalelaw.errors import HarnessError


@dataclass(frozen=True)
class Split:
    train: tuple[bytes, ...]
    held_out: tuple[bytes, ...]
    notes: tuple[str, ...]


def split(documents: Iterable[bytes], *, held_out: int, cut: int | None, bytes_a_token: float, name: str) -> Split:
    """Split by document: those whose content has the smallest hash are held out, until there are enough.

    A document that is added or taken away thereby moves hardly any other. Of each held-out document the first ``cut``
    bytes count; the rest of it is not trained on either.

    Parameters
    ----------
    documents : iterable of bytes
        Repeated ones count once; those that are empty, hold a zero byte, or are not UTF-8 are left out.
    held_out : int
        Tokens wanted, at least; a tenth of all where the corpus is too small for that.
    cut : int or None
        Bytes.
    bytes_a_token : float
        Of the tokenizer, about.
    name : str
        Of the corpus, for errors.
    """
    unique = {hashlib.sha256(document).digest(): document for document in documents if _usable(document)}
    if len(unique) < 2:
        raise HarnessError(
            f"corpus {name} has {len(unique)} usable document{'s' if len(unique) != 1 else ''}; "
            "to hold some out there must be at least two"
        )
    total = sum(map(len, unique.values()))
    wanted, notes = held_out * bytes_a_token, list[str]()
    if wanted > total / 10:
        wanted = total / 10
        notes.append(f"too small to hold out {held_out:,} tokens: a tenth of it is held out")
    kept, taken = [], 0
    order = sorted(unique)
    for key in order[:-1]:  # one at least is trained on
        if taken >= wanted:
            break
        kept.append(_cut(unique[key], cut))
        taken += len(kept[-1])
    chosen = set(order[: len(kept)])
    train = tuple(document for key, document in unique.items() if key not in chosen)
    return Split(train, tuple(kept), tuple(notes))


def _usable(document: bytes) -> bool:
    if not document or b"\0" in document:
        return False
    try:
        document.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cut(document: bytes, cut: int | None) -> bytes:
    if cut is None or len(document) <= cut:
        return document
    end = document.rfind(b"\n", 0, cut) + 1
    return document[: end or cut].decode(errors="ignore").encode()
