"""Documents to train or evaluate on: a user's files, or a corpus; and their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scalelaw.harness.corpus.files import source
from scalelaw.harness.corpus.sources import find
from scalelaw.harness.corpus.splitting import Split, split

BYTES_A_TOKEN = 4.0  # about, of the tokenizers of pre-trained models


def parts(name: str, *, held_out: int = 100_000) -> Split:
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


def documents(name: str, *, tokens: int = 100_000) -> Iterator[str]:
    """The documents of a file or folder, or those that a corpus of this name holds out.

    Parameters
    ----------
    name : str
        A path, or a corpus such as ``code``, ``prose`` or ``hf:NAME``; see ``scalelaw corpus``.
    tokens : int
        How many to hold out of a corpus, about.

    Raises
    ------
    HarnessError
        If there is no such file or corpus.
    """
    if _is_path(name):
        found = source(name.removeprefix("text:")).documents()
    else:
        found = iter(parts(name, held_out=tokens).held_out)
    return (each.decode(errors="replace") for each in found)


def token_ids(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a document, after the tokenizer's beginning-of-text token where it has one."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids if tokenizer.bos_token_id is None else [tokenizer.bos_token_id, *ids]


def _is_path(name: str) -> bool:
    looks = "/" in name or bool(Path(name).suffix)
    return name.startswith(("text:", "/", ".", "~")) or Path(name).exists() or (looks and ":" not in name)
