"""Text to tokens: bytes as they are, or a byte-level BPE trained on the corpus."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from scalelaw.errors import HarnessError
from scalelaw.extras import need

END = "<|end|>"
TRAINING_BYTES = 20_000_000  # of training text that a BPE is trained on, drawn from all of it: more changes little
_SMALLEST, _LARGEST = 257, 1_000_000  # 256 bytes and the end of a document


class Tokenizer(Protocol):
    """Documents to ids; every document ends with the id of its end."""

    vocabulary: int
    dtype: type[np.unsignedinteger[Any]]

    def encode(self, documents: Sequence[bytes]) -> list[np.ndarray]: ...
    def saved(self) -> str | None: ...


class Bytes:
    """A token a byte; byte 0 ends a document, and no document may hold it."""

    vocabulary = 256
    dtype = np.uint8

    def encode(self, documents: Sequence[bytes]) -> list[np.ndarray]:
        return [np.frombuffer(document + b"\0", np.uint8) for document in documents]

    def saved(self) -> str | None:
        return None


class BPE:
    """Byte-level byte-pair encoding, by the package ``tokenizers``."""

    def __init__(self, tokenizer: Any):
        self.tokenizer = tokenizer
        self.vocabulary = tokenizer.get_vocab_size()
        self.dtype = np.uint16 if self.vocabulary <= 2**16 else np.uint32
        self.end = tokenizer.token_to_id(END)
        tokenizer.encode_special_tokens = True  # a text that writes END out does not end there

    @classmethod
    def trained(cls, documents: Iterable[bytes], vocabulary: int) -> BPE:
        """A tokenizer trained on 20 MB of the documents, taken in the order of their hashes: a fair draw of them."""
        package = need("tokenizers", extra="train", purpose="a BPE")
        tokenizer = package.Tokenizer(package.models.BPE())
        tokenizer.pre_tokenizer = package.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = package.decoders.ByteLevel()
        trainer = package.trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=[END],
            initial_alphabet=package.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(_texts(documents), trainer)
        return cls(tokenizer)

    def encode(self, documents: Sequence[bytes]) -> list[np.ndarray]:
        encoded = self.tokenizer.encode_batch([document.decode() for document in documents], add_special_tokens=False)
        return [np.array([*each.ids, self.end], self.dtype) for each in encoded]

    def saved(self) -> str | None:
        return str(self.tokenizer.to_str())


def size_of(name: str) -> int | None:
    """The vocabulary that ``bpe:4096`` asks for; None for ``bytes``.

    Raises
    ------
    HarnessError
        If the name is neither.
    """
    if name == "bytes":
        return None
    kind, _, size = name.partition(":")
    if kind != "bpe" or not size.isdigit() or not _SMALLEST <= int(size) <= _LARGEST:
        raise HarnessError(
            f"there is no tokenizer {name!r}; there are bytes and bpe:SIZE, such as bpe:4096, of {_SMALLEST} to "
            f"{_LARGEST:,} ids"
        )
    return int(size)


def shortfall(name: str, made: Tokenizer) -> list[str]:
    """A word of it where the text gave fewer ids than its tokenizer was to have."""
    size = size_of(name)
    if size is None or made.vocabulary >= size:
        return []
    return [f"the text has no more than {made.vocabulary:,} tokens to learn, and {size:,} were asked for"]


def bytes_a_token(vocabulary: int | None) -> float:
    """About how many bytes a token of a BPE stands for: 0.38 log2(V) - 1.2, as measured on code and on prose."""
    return 1.0 if vocabulary is None else 0.38 * math.log2(vocabulary) - 1.2


def _texts(documents: Iterable[bytes]) -> Iterator[str]:
    taken = 0
    for document in sorted(documents, key=lambda each: hashlib.sha256(each).digest()):
        if taken > TRAINING_BYTES:
            return
        taken += len(document)
        yield document.decode()
