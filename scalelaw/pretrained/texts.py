"""Documents to train or evaluate on: a user's files, or a corpus; and their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scalelaw.harness.corpus.files import source
from scalelaw.harness.corpus.sources import KNOWN, find
from scalelaw.harness.corpus.splitting import Split, split

HELD_OUT = 50_000
"""Tokens held out, about, where no other number is asked for: of the training and the evaluation alike."""
BYTES_A_TOKEN = 4.0  # about, of the tokenizers of pre-trained models


def parts(name: str, *, held_out: int = HELD_OUT) -> Split:
    """The documents of a file, folder or corpus, some to train on and some held out, as UTF-8.

    Those whose content has the smallest hash are held out: more of them hold out the fewer too, and a document that is
    added moves hardly any other.

    Parameters
    ----------
    held_out : int
        How many tokens to hold out, about; a tenth of all where there is less.

    Raises
    ------
    HarnessError
        If there is no such file or corpus, or it holds fewer than two documents.
    """
    found = source(name.removeprefix("text:")) if _is_path(name) else find(name)
    return split(found.documents(), held_out=held_out, cut=found.held_out_cut, bytes_a_token=BYTES_A_TOKEN, name=name)


def documents(name: str, *, held_out: int | None = None) -> Iterator[str]:
    """The documents of a file or folder, or those that a corpus of this name holds out.

    Parameters
    ----------
    name : str
        A path, or a corpus such as ``code``, ``prose`` or ``hf:NAME``; see ``scalelaw corpus``. A file or folder that
        is called as a corpus is is written as a path, ``./code``.
    held_out : int, optional
        How many tokens to hold out, about, of a file or folder too: the same as in a training, and none of it is what
        was trained on.

    Raises
    ------
    HarnessError
        If there is no such file or corpus.
    """
    if _is_path(name) and held_out is None:
        found = source(name.removeprefix("text:")).documents()
    else:
        found = iter(parts(name, held_out=HELD_OUT if held_out is None else held_out).held_out)
    return (each.decode(errors="replace") for each in found)


def trained_on(name: str) -> Iterator[str]:
    """The documents of a file or folder, or those of a corpus that a training which holds out as many as usual has."""
    if _is_path(name):
        return documents(name)
    return (each.decode(errors="replace") for each in parts(name).train)


def token_ids(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a document, after the tokenizer's beginning-of-text token where it has one."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids if tokenizer.bos_token_id is None else [tokenizer.bos_token_id, *ids]


def _is_path(name: str) -> bool:
    if name in KNOWN:
        return False
    looks = "/" in name or bool(Path(name).suffix)
    return name.startswith(("text:", "/", ".", "~")) or Path(name).exists() or (looks and ":" not in name)
