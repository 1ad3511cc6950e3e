"""Sequences of equal length out of documents, and which of them each step sees."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.texts import token_ids


def pack(tokenizer: Any, documents: Sequence[str], *, tokens: int, context: int, seed: int, repeat: bool) -> Tensor:
    """Sequences (n, context) of ``tokens`` tokens in all, rounded up.

    Documents come in an order that the seed draws, one behind the other, each after the tokenizer's beginning-of-text
    token and before its end-of-text token, as far as it has them. Nothing depends on P.

    Raises
    ------
    PretrainedError
        If there is less text than that, and it may not be repeated.
    """
    rows = -(-tokens // context)
    taken = array("q")  # a fifth of what a list of as many numbers takes
    passed = 0
    while len(taken) < rows * context:
        before = len(taken)
        for i in np.random.default_rng([seed, passed]).permutation(len(documents)):
            taken.extend(_encoded(tokenizer, documents[i]))
            if len(taken) >= rows * context:
                break
        passed += 1
        if len(taken) < rows * context and (not repeat or len(taken) == before):
            raise PretrainedError(
                f"the data has {len(taken):,} tokens to train on and {rows * context:,} are asked for: train on "
                f"fewer, or go through it more than once (repeat=True, in the shell --repeat)"
            )
    return torch.frombuffer(taken, dtype=torch.long)[: rows * context].clone().view(rows, context)


def _encoded(tokenizer: Any, text: str) -> list[int]:
    end = [] if tokenizer.eos_token_id in (None, tokenizer.bos_token_id) else [tokenizer.eos_token_id]
    return [*token_ids(tokenizer, text), *end]


class Sequences(Dataset[dict[str, Tensor]]):
    """Rows of packed tokens, in order, as a causal language model takes them."""

    def __init__(self, rows: Tensor):
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> dict[str, Tensor]:
        row = self.rows[i]
        # a row may begin with what is padding elsewhere, such as the end of a document, and all of it is text
        return {"input_ids": row, "labels": row, "attention_mask": torch.ones_like(row)}


def decoded(documents: Iterable[bytes]) -> list[str]:
    """Documents as text."""
    return [each.decode(errors="replace") for each in documents]
