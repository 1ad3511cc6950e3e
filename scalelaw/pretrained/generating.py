"""Text that a model goes on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.asking import arguments_of, check_counts


def continue_text(model: Any, tokenizer: Any, prompt: str, **options: Any) -> str:
    """What comes after ``prompt``; the options are those of :func:`continue_texts`."""
    return next(continue_texts(model, tokenizer, [prompt], **options))


def continue_texts(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    *,
    tokens: int = 64,
    streams: Any = None,
    temperature: float = 0.0,
    seed: int = 0,
    batch: int = 1,
    until: Callable[[str], bool] | None = None,
) -> Iterator[str]:
    """What comes after each prompt: at most so many tokens, the likeliest or, with a temperature, drawn.

    Parameters
    ----------
    batch : int
        Prompts at once, padded on the left. What is drawn depends on it, and the likeliest does so only where two
        tokens are within rounding of each other.
    until : callable, optional
        Told the text after every token; it ends where this says yes.

    Yields
    ------
    str
        In the order of the prompts.

    Raises
    ------
    PretrainedError
        If a prompt has no tokens, or the model has no such streams.
    """
    check_counts(tokens=tokens, batch=batch)
    asked = arguments_of(model, streams)
    drawn: dict[str, Any] = {"do_sample": True, "temperature": temperature} if temperature > 0 else {"do_sample": False}
    if temperature > 0:
        import transformers

        transformers.set_seed(seed)
    for first in range(0, len(prompts), batch):
        ids, mask, pad = _padded(model, tokenizer, prompts[first : first + batch])
        said = _Said(tokenizer, ids, mask)
        stop = {} if until is None else {"stopping_criteria": [_stopping(said, until)]}
        options: dict[str, Any] = {"attention_mask": mask, "pad_token_id": pad, **drawn, **stop, **asked}
        yield from said(model.generate(ids, max_new_tokens=tokens, **options))


class _Said:
    """The text that came after prompts.

    Prompt and continuation are decoded together: alone, the first word would lose the space before it with tokenizers
    that write it into the word.
    """

    def __init__(self, tokenizer: Any, ids: Tensor, mask: Tensor) -> None:
        self.tokenizer, self.starts = tokenizer, (mask == 0).sum(-1).tolist()
        self.before = [len(text) for text in self._texts(ids)]

    def __call__(self, ids: Tensor) -> list[str]:
        return [text[length:] for text, length in zip(self._texts(ids), self.before, strict=True)]

    def _texts(self, ids: Tensor) -> list[str]:
        rows = [row[start:] for row, start in zip(ids, self.starts, strict=True)]
        return [str(self.tokenizer.decode(row, skip_special_tokens=True)) for row in rows]


def _stopping(said: _Said, until: Callable[[str], bool]) -> Callable[..., Tensor]:
    return lambda ids, _scores, **_: ids.new_tensor([until(text) for text in said(ids)]).bool()


def _padded(model: Any, tokenizer: Any, prompts: Sequence[str]) -> tuple[Tensor, Tensor, int]:
    """Ids and mask (B, S) of prompts, padded on the left, and the token that pads."""
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    rows = [tokenizer(prompt)["input_ids"] or begin for prompt in prompts]
    if not all(rows):
        raise PretrainedError("the prompt is empty and this tokenizer has no token to begin with; give some text")
    pad = next(each for each in (tokenizer.pad_token_id, tokenizer.eos_token_id, 0) if each is not None)
    longest = max(map(len, rows))
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], device=model.device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=model.device)
    return ids, mask, pad
