"""Perplexity and bits per byte of a text under a model, with the standard error that its documents give it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scalelaw.errors import PretrainedError
from scalelaw.harness.evaluating import ratio_error
from scalelaw.pretrained.asking import arguments_of, check_counts, check_texts, streams_asked
from scalelaw.pretrained.texts import documents as documents_of
from scalelaw.pretrained.texts import token_ids

if TYPE_CHECKING:
    import pandas as pd

CONTEXT = 1024


@dataclass(frozen=True)
class Evaluation:
    """Held-out loss of a model on documents.

    Attributes
    ----------
    P : int
        Streams.
    loss, loss_se : float
        Nats per token, and its standard error; NaN with fewer than two documents.
    perplexity : float
        exp(loss).
    bpb, bpb_se : float
        Bits per byte of text, which models of different tokenizers can be compared by.
    tokens, bytes, documents : int
        Tokens predicted, the bytes of UTF-8 that they stand for, and documents.
    """

    P: int
    loss: float
    loss_se: float
    perplexity: float
    bpb: float
    bpb_se: float
    tokens: int
    bytes: int
    documents: int

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name."""
        return asdict(self)


@dataclass(frozen=True)
class Documents:
    """Losses of a model on documents, each by itself.

    Attributes
    ----------
    P : int
    nats : tuple of float
        Summed losses of each document's tokens.
    tokens, bytes : tuple of int
        Tokens of each document that were predicted, and the bytes that they stand for.
    """

    P: int
    nats: tuple[float, ...]
    tokens: tuple[int, ...]
    bytes: tuple[int, ...]

    def summed(self) -> Evaluation:
        """Loss, perplexity and bits per byte of all, with standard errors."""
        nats, tokens = sum(self.nats), sum(self.tokens)
        loss = nats / tokens
        return Evaluation(
            P=self.P,
            loss=loss,
            loss_se=_error(self.nats, self.tokens),
            perplexity=math.exp(loss) if loss < 700 else math.inf,
            bpb=nats / sum(self.bytes) / math.log(2),
            bpb_se=_error([each / math.log(2) for each in self.nats], self.bytes),
            tokens=tokens,
            bytes=sum(self.bytes),
            documents=len(self.tokens),
        )

    def minus(self, other: Documents) -> tuple[float, float]:
        """Difference of two losses on the same documents, nats per token, and its standard error.

        Documents are what was drawn, and each is its own control, so that the error is far below those of the losses.

        Raises
        ------
        PretrainedError
            If the documents are not the same.
        """
        if self.tokens != other.tokens or self.bytes != other.bytes:
            raise PretrainedError("two losses can be subtracted if they are of the same documents; evaluate both alike")
        nats = [mine - theirs for mine, theirs in zip(self.nats, other.nats, strict=True)]
        return sum(nats) / sum(self.tokens), _error(nats, self.tokens)


def evaluate(
    model: Any,
    tokenizer: Any,
    documents: Iterable[str],
    *,
    context: int | None = None,
    batch: int = 4,
    tokens: int | None = None,
    streams: Any = None,
) -> Evaluation:
    """Loss of a model on documents, each by itself, cut into windows of ``context`` tokens.

        loss = sum of all tokens' losses / tokens
        bpb  = sum of all tokens' losses / (ln 2 * bytes)

    Every token of a document is predicted once, from those before it in its window; the first of a document from the
    tokenizer's beginning-of-text token where it has one, and else it is given and not predicted. The first of a later
    window is predicted from the last of the one before. Standard errors are those of ratios of sums over documents:
    tokens of one document are not independent.

    Parameters
    ----------
    documents : iterable of str
    context : int, optional
        Tokens that the model is given at once; 1024, or what it allows where that is less.
    batch : int
        Windows of one length that run together.
    tokens : int, optional
        Stop after the document in which so many tokens have been predicted.
    streams : int, str or list, optional
        As for a call of the model.

    Raises
    ------
    PretrainedError
        If there is no text to predict, the model allows no such context, or it has no such streams; or if
        ``batch`` or ``tokens`` is below 1.
    """
    return score_documents(
        model, tokenizer, documents, context=context, batch=batch, tokens=tokens, streams=streams
    ).summed()


@torch.no_grad()
def score_documents(
    model: Any,
    tokenizer: Any,
    documents: Iterable[str],
    *,
    context: int | None = None,
    batch: int = 4,
    tokens: int | None = None,
    streams: Any = None,
) -> Documents:
    """What :func:`evaluate` sums up, document by document, so that two models can be compared on the same."""
    check_counts(batch=batch, tokens=tokens, context=context)
    check_texts(documents=documents)
    longest = getattr(model.config, "max_position_embeddings", None)
    context = min(CONTEXT, longest or CONTEXT) if context is None else context
    if context < 2 or (longest is not None and context > longest):
        raise PretrainedError(f"a context of {context} tokens is not within 2 and the {longest} that this model allows")
    P, asked = streams_asked(model, streams), arguments_of(model, streams)
    training, device = model.training, next(model.parameters()).device
    model.eval()
    sums, counts, sizes = [], [], []
    try:
        for text in documents:
            ids = torch.tensor(token_ids(tokenizer, text), dtype=torch.long)
            if len(ids) < 2:
                continue
            windows = [ids[start : start + context + 1] for start in range(0, len(ids) - 1, context)]
            losses = [_losses(model, part, device, asked) for part in _batches(windows, batch)]
            sums.append(sum(losses))
            counts.append(len(ids) - 1)
            sizes.append(len(text.encode()) - _given_bytes(tokenizer, ids))
            if tokens is not None and sum(counts) >= tokens:
                break
    finally:
        model.train(training)
    if not counts:
        raise PretrainedError("there is no text of two tokens to evaluate on; name a file with more")
    return Documents(P, tuple(sums), tuple(counts), tuple(sizes))


def evaluate_each(
    model: Any,
    tokenizer: Any,
    text: str,
    *,
    streams: Sequence[Any],
    tokens: int | None = None,
    held_out: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """What :func:`evaluate` says of a file, folder or corpus for each P, a row each.

    Parameters
    ----------
    text : str
        As :func:`scalelaw.pretrained.documents` takes it, and so ``held_out``.
    tokens : int, optional
        Stop after so many, at the end of a document.
    **options
        Of :func:`evaluate`.
    """
    import pandas as pd

    for each in streams:  # before an evaluation of the first takes its time
        streams_asked(model, each)
    texts = list(documents_of(text, held_out=held_out))
    rows = (evaluate(model, tokenizer, texts, tokens=tokens, streams=each, **options).to_dict() for each in streams)
    return pd.DataFrame(rows)


def _given_bytes(tokenizer: Any, ids: Tensor) -> int:
    """Bytes of the first token, where it is text that is given and not predicted."""
    if tokenizer.bos_token_id is not None:
        return 0
    text = tokenizer.decode(ids[:1])
    if "\ufffd" not in text:
        return len(text.encode())
    token = tokenizer.convert_ids_to_tokens(int(ids[0]))  # part of a character
    return 1 if token.startswith("<0x") else len(token)  # byte-level alphabets write each byte as a letter


def _batches(windows: Sequence[Tensor], size: int) -> Iterator[Tensor]:
    """Windows of one length together; the last of a document is shorter."""
    whole = [each for each in windows if len(each) == len(windows[0])]
    for i in range(0, len(whole), size):
        yield torch.stack(whole[i : i + size])
    if len(windows) > len(whole):
        yield windows[-1][None]


def _losses(model: Any, windows: Tensor, device: Any, asked: dict[str, Any]) -> float:
    ids = windows.to(device)
    mask = torch.ones_like(ids[:, :-1])
    logits = model(input_ids=ids[:, :-1], attention_mask=mask, use_cache=False, **asked).logits
    losses = F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none")
    return losses.cpu().double().sum().item()  # in this order: Apple's GPUs have no fp64


def _error(sums: Sequence[float], sizes: Sequence[int]) -> float:
    return ratio_error(np.array(sums), np.array(sizes), sum(sums) / sum(sizes))
