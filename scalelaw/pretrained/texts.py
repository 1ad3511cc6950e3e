"""Documents to evaluate on: a user's files, or the held-out part of a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scalelaw.harness.corpus.files import source
from scalelaw.harness.corpus.sources import find
from scalelaw.harness.corpus.splitting import split

BYTES_A_TOKEN = 4.0  # about, of the tokenizers of pre-trained models


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
    if name.startswith(("text:", "/", ".", "~")) or Path(name).exists():
        found = source(name.removeprefix("text:")).documents()
    else:
        corpus = find(name)
        held_out = split(
            corpus.documents(), held_out=tokens, cut=corpus.held_out_cut, bytes_a_token=BYTES_A_TOKEN, name=name
        ).held_out
        found = iter(held_out)
    return (each.decode(errors="replace") for each in found)
