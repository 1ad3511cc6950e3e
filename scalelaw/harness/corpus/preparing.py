"""Corpora made once and kept: read from the cache where they are there, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.errors import HarnessError
from scalelaw.extras import need
from scalelaw.harness.corpus.card import Card, Corpus, Part, changed
from scalelaw.harness.corpus.sources import HELD_OUT, Source, absolute, find
from scalelaw.harness.corpus.splitting import Split, split
from scalelaw.harness.corpus.tokenizers import BPE, Bytes, Tokenizer, bytes_a_token, shortfall, size_of

_FORMAT = "corpus/1"
_BATCH = 512  # documents tokenised at a time
_FILES = ("train.npy", "held_out.npy", "held_out_starts.npy")
_TOKENIZER = "tokenizer.json"


def prepare(name: str = "code", *, tokenizer: str = "bytes", held_out: int = HELD_OUT, fetch: bool = True) -> Corpus:
    """A corpus, made if it is not in the cache.

    The cache is the folder ``corpora`` in ``$SCALELAW_CACHE``, else in ``$XDG_CACHE_HOME/scalelaw``, else in
    ``~/.cache/scalelaw``.

    Parameters
    ----------
    name : str
        ``code``, ``prose``, ``text:PATH`` or ``hf:NAME``.
    tokenizer : str
        ``bytes``, or ``bpe:4096`` and the like: a byte-level BPE trained on the training documents.
    held_out : int
        Tokens to hold out, at least; a tenth where the corpus is too small.
    fetch : bool
        Whether the packages of ``prose`` may be downloaded, which a worker should not do.

    Raises
    ------
    HarnessError
        If the corpus or the tokenizer is unknown, a file cannot be read, or the cache cannot be written.
    """
    size = size_of(tokenizer)
    if held_out < 1:
        raise HarnessError(f"held_out is {held_out}; at least one token must be held out")
    name = absolute(name)
    source = find(name, fetch=fetch)
    folder = _place(name, tokenizer, held_out, source)
    if (ready := _read(folder)) is not None:  # without the lock, for which the cache must be writable
        return ready
    with _lock(folder):
        found = _read(folder)
        if found is None:
            _build(folder, name, tokenizer, held_out, source, size)
            found = _read(folder)
    if found is None:
        raise HarnessError(f"the corpus {name} was written to {folder} and cannot be read again; is the disk in order?")
    return found


def load(name: str, *, tokenizer: str = "bytes", hash: str, held_out: int | None = None) -> Corpus:
    """The corpus that a cell was planned with: from the cache by its hash, else made anew, without downloads.

    ``held_out`` is what it was prepared with, for where it is made anew.

    Raises
    ------
    HarnessError
        If it has another hash when made anew, or its packages are not on this machine.
    """
    name = absolute(name)
    if (kept := _kept(name, tokenizer, hash)) is not None:
        return kept
    found = prepare(name, tokenizer=tokenizer, held_out=held_out or HELD_OUT, fetch=False)
    if found.card.hash != hash:
        raise changed(name, hash, found.card.hash)
    return found


def cache_folder() -> Path:
    """Where corpora are kept."""
    if given := os.environ.get("SCALELAW_CACHE"):
        return Path(given).expanduser() / "corpora"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "scalelaw" / "corpora"


def _kept(name: str, tokenizer: str, hash: str) -> Corpus | None:
    """The corpus of a hash, if the cache has it, whatever became of its files and wherever they were."""
    for card in sorted(cache_folder().glob(f"{_stem(name, tokenizer)}-*/card.json")):
        try:
            same = json.loads(card.read_text())["hash"] == hash
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if same and (found := _read(card.parent)) is not None:
            return found
    return None


def _stem(name: str, tokenizer: str) -> str:
    return f"{name.partition(':')[0]}-{tokenizer.replace(':', '')}"


def _place(name: str, tokenizer: str, held_out: int, source: Source) -> Path:
    key = json.dumps([_FORMAT, name, tokenizer, held_out, source.held_out_cut, source.fingerprint])
    return cache_folder() / f"{_stem(name, tokenizer)}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _lock(folder: Path) -> AbstractContextManager[Any]:
    filelock = need("filelock", extra="train", purpose="a corpus")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(
            f"cannot make {folder.parent}: {error.strerror}; set SCALELAW_CACHE to another place"
        ) from error
    lock: AbstractContextManager[Any] = filelock.FileLock(f"{folder}.lock")
    return lock


def _build(folder: Path, name: str, tokenizer: str, held_out: int, source: Source, size: int | None) -> None:
    """Make a corpus in a temporary folder, which then takes its place."""
    sys.stderr.write(f"preparing the corpus {name} ({tokenizer}), which is kept in {folder}\n")
    chosen, made = _split(name, held_out, source, size)
    unfinished = f".making-{folder.name}-"
    for left in folder.parent.glob(f"{unfinished}*"):  # by a process that was killed: the lock is held
        shutil.rmtree(left, ignore_errors=True)
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=unfinished, dir=folder.parent))
        _write(temporary, name, tokenizer, chosen, made, source)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError as error:
        raise HarnessError(
            f"cannot write the corpus {name} to {folder}: {error.strerror or error}; make room, or set SCALELAW_CACHE "
            "to another place"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _split(name: str, held_out: int, source: Source, size: int | None) -> tuple[Split, Tokenizer]:
    """The split, and a tokenizer trained on its one side that makes enough tokens of the other."""
    bytes_each = bytes_a_token(size)
    documents = tuple(source.documents())
    if size is not None:  # minutes, where there is much text
        sys.stderr.write(f"training a tokenizer of {size} tokens on it\n")
    while True:
        chosen = split(documents, held_out=held_out, cut=source.held_out_cut, bytes_a_token=bytes_each, name=name)
        made: Tokenizer = Bytes() if size is None else BPE.trained(chosen.train, size)
        tokens = sum(map(len, made.encode(chosen.held_out)))
        if tokens >= held_out or chosen.notes:  # or it is too small for as many, which the notes say
            return chosen, made
        bytes_each *= 1.02 * held_out / tokens


def _write(folder: Path, name: str, tokenizer: str, chosen: Split, made: Tokenizer, source: Source) -> None:
    train, held_out = _tokens(chosen.train, made), _tokens(chosen.held_out, made)
    starts = np.cumsum([0, *map(len, held_out)])[:-1].astype(np.int64)
    arrays = dict(zip(_FILES, (np.concatenate(train), np.concatenate(held_out), starts), strict=True))
    for file, array in arrays.items():
        np.save(folder / file, array)
    card = Card(
        name=name,
        tokenizer=tokenizer,
        vocabulary=made.vocabulary,
        hash=_hash(tokenizer, made.saved(), arrays),
        licence=source.licence,
        sources=source.described,
        train=Part(len(train), sum(map(len, chosen.train)), sum(map(len, train))),
        held_out=Part(len(held_out), sum(map(len, chosen.held_out)), sum(map(len, held_out))),
        notes=(*source.noted(), *chosen.notes, *shortfall(tokenizer, made)),
    )
    if (saved := made.saved()) is not None:
        (folder / _TOKENIZER).write_bytes(saved.encode())
    (folder / "card.json").write_text(json.dumps(card.to_dict(), indent=1) + "\n")


def _hash(tokenizer: str, saved: str | None, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(f"{tokenizer} {saved or ''}".encode())
    for file in _FILES:
        digest.update(np.ascontiguousarray(arrays[file]).data)
    return digest.hexdigest()[:16]


def _tokens(documents: Sequence[bytes], made: Tokenizer) -> list[np.ndarray]:
    encoded: list[np.ndarray] = []
    for first in range(0, len(documents), _BATCH):
        encoded += made.encode(documents[first : first + _BATCH])
    return encoded


def _read(folder: Path) -> Corpus | None:
    """The corpus in a folder; None where it is missing or damaged, and is to be made anew."""
    try:
        card = Card.from_dict(json.loads((folder / "card.json").read_text()))
        arrays = {file: np.load(folder / file, mmap_mode="r") for file in _FILES}
        saved = None if card.tokenizer == "bytes" else (folder / _TOKENIZER).read_bytes().decode()
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    if _hash(card.tokenizer, saved, arrays) != card.hash:  # a gigabyte a second: little beside training on it
        return None
    train, held_out, starts = arrays.values()
    return Corpus(card, train, held_out, np.asarray(starts))
