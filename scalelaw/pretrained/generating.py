"""Text that a model goes on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.asking import arguments_of, check_counts, check_temperature, check_texts


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

    They are those of the model: penalties and cuts (``top_k`` and the like) of its ``generation_config.json`` are left
    out.

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
    check_texts(prompts=prompts)
    check_temperature(temperature)
    asked = arguments_of(model, streams)
    if temperature > 0:
        import transformers

        transformers.set_seed(seed)
    for first in range(0, len(prompts), batch):
        ids, mask, pad = _padded(model, tokenizer, prompts[first : first + batch])
        said = _Said(tokenizer, ids, mask)
        stop = {} if until is None else {"stopping_criteria": [_stopping(said, until)]}
        with _choosing(model, tokens, temperature, pad):
            made = model.generate(ids, attention_mask=mask, **stop, **asked)
        yield from said(made)


@contextmanager
def _choosing(model: Any, tokens: int, temperature: float, pad: int) -> Iterator[None]:
    """For a while, a model that takes its likeliest token, or draws from all, whatever its own configuration adds.

    What a configuration that is passed to ``generate`` leaves open, that of the model fills.
    """
    from transformers import GenerationConfig

    own = model.generation_config
    drawn: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature > 0 else {}
    model.generation_config = GenerationConfig(
        eos_token_id=own.eos_token_id, pad_token_id=pad, max_new_tokens=tokens, **drawn
    )
    try:
        yield
    finally:
        model.generation_config = own


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
        return [
            str(self.tokenizer.decode(row, skip_special_tokens=True, clean_up_tokenization_spaces=False))
            for row in rows
        ]


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
