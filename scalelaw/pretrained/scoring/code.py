"""HumanEval: programs that a model writes, run with limits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import PretrainedError
from scalelaw.extras import need
from scalelaw.pretrained.asking import check_counts, check_temperature, streams_asked
from scalelaw.pretrained.generating import continue_texts
from scalelaw.pretrained.scoring.sandbox import Outcome, run_limited
from scalelaw.pretrained.scoring.tables import frame, summed

if TYPE_CHECKING:
    import pandas as pd

BODY = re.compile(r"^[ \t]+\S", re.MULTILINE)
END = re.compile(r"\n(?=\S)")
"""Where a completion of a function ends: after a line that is indented, what comes next is not."""


def human_eval(
    model: Any,
    tokenizer: Any,
    *,
    streams: Sequence[Any] = (None,),
    samples: int = 1,
    temperature: float = 0.0,
    tokens: int = 384,
    seconds: float = 3.0,
    problems: int | None = None,
    batch: int = 4,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Share of HumanEval's problems that a model solves, for each P.

        pass@k = mean over problems of 1 - C(n - c, k) / C(n, k)    c of n samples pass the tests

    Parameters
    ----------
    streams : sequence
        What to ask the model for, as in a call of it.
    samples : int
        n, for each problem; pass@1 is given, and pass@10 where n is at least 10.
    temperature : float
        0 takes the likeliest.
    tokens : int
        Of a completion, at most; it ends where the function does.
    seconds : float
        That a program may run; see :func:`~scalelaw.pretrained.scoring.sandbox.run_limited`.
    problems : int, optional
        The first so many; all 164 where none are given.
    batch : int
        Problems at once.

    Returns
    -------
    DataFrame
        ``P, task, metric, value, stderr, n``; the error is over problems.

    Raises
    ------
    PretrainedError
        If the model has no such streams.
    MissingExtra
        If the package human-eval, which brings the problems, is not installed.

    Source
    ------
    arXiv 2107.03374.
    """
    data: Any = need("human_eval.data", extra="evaluation", purpose="HumanEval")
    chosen = list(data.read_problems().values())[:problems]
    check_counts(samples=samples, tokens=tokens, problems=problems, batch=batch)
    check_temperature(temperature)
    if not 0 < seconds < math.inf:
        raise PretrainedError(f"seconds is {seconds!r}; a program needs some time to run")
    counts = [streams_asked(model, each) for each in streams]
    rows = []
    for P, asked in zip(counts, streams, strict=True):
        passed = np.zeros(len(chosen), dtype=int)
        for i in range(samples):
            texts = continue_texts(
                model,
                tokenizer,
                [each["prompt"] for each in chosen],
                tokens=tokens,
                streams=asked,
                temperature=temperature,
                seed=seed + i,
                batch=batch,
                until=lambda text: completed(text) != text,
            )
            for number, (problem, text) in enumerate(zip(chosen, texts, strict=True)):
                outcome = solve(problem, completed(text), seconds=seconds)
                passed[number] += outcome == "passed"
                say(f"P = {P}, sample {i + 1} of {samples}, problem {number + 1} of {len(chosen)}: {outcome}")
        rows += _rows(P, passed, samples)
    return frame(rows)


def completed(text: str) -> str:
    """A completion up to where the function ends."""
    body = BODY.search(text)
    end = END.search(text, body.end()) if body else None
    return text[: end.start()] if end else text


def solve(problem: Mapping[str, str], completion: str, *, seconds: float = 3.0) -> Outcome:
    """Run a completion of a problem against its tests."""
    return run_limited(
        f"{problem['prompt']}{completion}\n{problem['test']}\ncheck({problem['entry_point']})\n", seconds=seconds
    )


def pass_at(k: int, passed: np.ndarray, samples: int) -> np.ndarray:
    """1 - C(n - c, k) / C(n, k) of each problem.

    >>> pass_at(1, np.array([0, 1, 4]), 4).tolist(), pass_at(2, np.array([1]), 4).tolist()
    ([0.0, 0.25, 1.0], [0.5])
    """
    terms = np.arange(k)
    left = np.clip(samples - passed[:, None] - terms, 0, None)
    return 1 - np.prod(left / (samples - terms), axis=1)


def _rows(P: int, passed: np.ndarray, samples: int) -> list[dict[str, Any]]:
    ks = [k for k in (1, 10, 100) if k <= samples]
    return [{"P": P, "task": "human-eval", "metric": f"pass@{k}", **summed(pass_at(k, passed, samples))} for k in ks]
