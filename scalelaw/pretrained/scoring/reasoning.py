"""Questions that reasoning-gym makes from a seed: no answer can have been in a corpus, and there is no end of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import PretrainedError
from scalelaw.extras import need
from scalelaw.pretrained.asking import check_counts, streams_asked
from scalelaw.pretrained.generating import continue_texts
from scalelaw.pretrained.scoring.tables import frame, summed

if TYPE_CHECKING:
    import pandas as pd

ARITHMETIC = ("basic_arithmetic", "chain_sum", "leg_counting", "gcd")
"""Sets that a small model gets some of right."""
SHOTS_FROM = 1_000_003  # added to the seed, so that no example is a question


def reasoning(
    model: Any,
    tokenizer: Any,
    sets: Sequence[str] = ARITHMETIC,
    *,
    streams: Sequence[Any] = (None,),
    questions: int = 100,
    shots: int = 4,
    tokens: int = 32,
    batch: int = 4,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Scores on sets of reasoning-gym, for each P, the same questions for all.

    The prompt is ``shots`` questions with their answers and one without; the first line of what the model goes on with,
    the likeliest tokens, is its answer, and the set's own rule scores it from 0 to 1.

    Parameters
    ----------
    sets : sequence of str
        Names of reasoning-gym's sets, such as ``chain_sum``.
    streams : sequence
        What to ask the model for, as in a call of it.
    batch : int
        Questions at once.

    Returns
    -------
    DataFrame
        ``P, task, metric, value, stderr, n``.

    Raises
    ------
    PretrainedError
        If there is no set of that name, or the model has no such streams.
    MissingExtra
        If reasoning-gym is not installed.
    """
    gym: Any = need("reasoning_gym", extra="evaluation", purpose="generated reasoning")
    check_counts(questions=questions, tokens=tokens)
    counts = [streams_asked(model, each) for each in streams]
    rows = []
    for name in sets:
        asked, examples = (_made(gym, name, size, at) for size, at in ((questions, seed), (shots, seed + SHOTS_FROM)))
        before = "".join(f"{each['question']}\nAnswer: {each['answer']}\n\n" for each in examples or ())
        prompts = [f"{before}{each['question']}\nAnswer:" for each in asked]
        for P, choice in zip(counts, streams, strict=True):
            texts = continue_texts(
                model,
                tokenizer,
                prompts,
                tokens=tokens,
                streams=choice,
                batch=batch,
                until=lambda text: "\n" in text.lstrip(),  # the answer's line has ended
            )
            scores = [asked.score_answer(answer_in(text), entry) for text, entry in zip(texts, asked, strict=True)]
            rows.append({"P": P, "task": name, "metric": "score", **summed(np.asarray(scores, dtype=float))})
            say(f"{name}, P = {P}: {rows[-1]['value']:.3f}")
    return frame(rows)


def answer_in(text: str) -> str:
    """The first line that is not empty.

    >>> answer_in(" 42\\n\\nCalculate 3")
    '42'
    """
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _made(gym: Any, name: str, size: int, seed: int) -> Any:
    if size == 0:
        return None
    try:
        return gym.create_dataset(name, size=size, seed=seed)
    except ValueError as error:
        raise PretrainedError(f"reasoning-gym cannot make {name!r} ({error}); name a set such as chain_sum") from None
