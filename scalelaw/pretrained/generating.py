"""Text that a model goes on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.asking import arguments_of, check_counts


def continue_text(
    model: Any,
    tokenizer: Any,
    prompt: str,
    *,
    tokens: int = 64,
    streams: Any = None,
    temperature: float = 0.0,
    seed: int = 0,
    until: Callable[[str], bool] | None = None,
) -> str:
    """What comes after ``prompt``: at most so many tokens, the likeliest or, with a temperature, drawn.

    Parameters
    ----------
    until : callable, optional
        Told the text after every token; it ends where this says yes.

    Raises
    ------
    PretrainedError
        If the prompt has no tokens, or the model has no such streams.
    """
    import transformers

    check_counts(tokens=tokens)
    asked = arguments_of(model, streams)
    encoded = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False).to(model.device)
    if not encoded["input_ids"].numel():
        raise PretrainedError("the prompt is empty and this tokenizer has no token to begin with; give some text")
    if temperature > 0:
        transformers.set_seed(seed)
    drawn: dict[str, Any] = {"do_sample": True, "temperature": temperature} if temperature > 0 else {"do_sample": False}
    if tokenizer.pad_token_id is None:
        drawn["pad_token_id"] = tokenizer.eos_token_id
    start = encoded["input_ids"].shape[1]

    def said(ids: Any) -> str:
        return str(tokenizer.decode(ids[0, start:], skip_special_tokens=True))

    if until is not None:
        drawn["stopping_criteria"] = [lambda ids, _scores, **_: ids.new_full((1,), until(said(ids))).bool()]
    return said(model.generate(**encoded, max_new_tokens=tokens, **drawn, **asked))
