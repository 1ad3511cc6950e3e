"""Tasks of lm-evaluation-harness: a class of its models that knows streams, and its results as a table.

Once :func:`lm_eval_class` has been called ``lm_eval`` has the model ``scalelaw``::

    lm_eval_class()
    lm_eval.simple_evaluate(model="scalelaw", model_args="pretrained=streams/p4,streams=4", tasks=["arc_easy"])
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from scalelaw.errors import PretrainedError
from scalelaw.extras import need
from scalelaw.pretrained.asking import check_counts, streams_asked
from scalelaw.pretrained.loading import load, load_tokenizer
from scalelaw.pretrained.model import WithStreams
from scalelaw.pretrained.scoring.tables import frame

if TYPE_CHECKING:
    import pandas as pd

NAME = "scalelaw"
DRAWS = 1000  # of the bootstrap, where a metric is no mean; 0 would leave out the errors of means too


@cache
def lm_eval_class() -> Any:
    """The class ``scalelaw`` among lm-evaluation-harness's models, registered when it is first asked for.

    It takes what ``hf`` takes, and ``streams`` (P, or the name of a set) and ``streams_from`` (a folder of streams);
    ``pretrained`` is a model in memory, or what :func:`scalelaw.pretrained.load` loads.

    Raises
    ------
    MissingExtra
        If lm-eval is not installed.
    """
    need("lm_eval", extra="evaluation", purpose="lm-evaluation-harness")
    from lm_eval.api.registry import register_model
    from lm_eval.models.huggingface import HFLM

    class StreamsLM(HFLM):
        """A model with streams, as lm-evaluation-harness asks models."""

        def __init__(
            self,
            pretrained: Any,
            streams: Any = None,
            streams_from: str | None = None,
            tokenizer: Any = None,
            revision: str | None = None,
            dtype: Any = None,
            device: str | None = None,
            **options: Any,
        ):
            if isinstance(pretrained, str):
                tokenizer = tokenizer or load_tokenizer(pretrained, revision=revision)
                pretrained = load(pretrained, streams=streams_from, revision=revision, dtype=dtype)
            model = pretrained.eval().to(device) if device else pretrained.eval()
            streams_asked(model, streams)  # a model without is what P = 1 asks for
            if streams is not None and isinstance(model, WithStreams):
                model.set_streams(streams)
            super().__init__(pretrained=model, tokenizer=tokenizer, **{"backend": "causal", **options})

    register_model(NAME)(StreamsLM)
    return StreamsLM


def lm_eval_tasks(
    model: Any,
    tokenizer: Any,
    tasks: Sequence[str],
    *,
    streams: Sequence[Any] = (None,),
    shots: int | None = None,
    limit: int | None = None,
    batch: int = 4,
    include: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Metrics of lm-evaluation-harness's tasks, for each P.

    Parameters
    ----------
    tasks : sequence of str
        Their names; their data comes from the hub, unless a task says otherwise.
    streams : sequence
        What to ask the model for, as in a call of it.
    shots, limit : int, optional
        Examples before each question, and how many questions of a task.
    include : path, optional
        A folder of tasks of one's own.

    Returns
    -------
    DataFrame
        ``P, task, metric, value, stderr, n``; the error is the harness's, by a formula for means such as accuracy and
        by 1000 resamples for what is none.

    Raises
    ------
    PretrainedError
        If there is no such task, its data cannot be had, or the model has no such streams.
    """
    made = lm_eval_class()
    check_counts(batch=batch, limit=limit)
    counts = [streams_asked(model, each) for each in streams]
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=include)
    unknown = [each for each in tasks if each not in manager.all_tasks]
    if unknown:
        raise PretrainedError(f"lm-evaluation-harness has no task {unknown[0]!r}; list them with lm-eval ls tasks")
    rows = []
    decoder: Any = model.get_decoder() if isinstance(model, WithStreams) else None  # type: ignore[attr-defined]
    before = None if decoder is None else decoder.stream_choice
    try:
        for P, asked in zip(counts, streams, strict=True):
            say(f"{', '.join(tasks)}, P = {P}")
            with contextlib.redirect_stdout(sys.stderr):  # the harness prints, and the shell a table
                found = simple_evaluate(
                    model=made(pretrained=model, tokenizer=tokenizer, streams=asked, batch_size=batch),
                    tasks=list(tasks),
                    num_fewshot=shots,
                    limit=limit,
                    task_manager=manager,
                    bootstrap_iters=DRAWS,
                )
            rows += _rows(P, found)
    except (ConnectionError, OSError) as error:
        raise PretrainedError(
            f"the data of {', '.join(tasks)} cannot be had ({_in_short(error)}); fetch it on a machine that "
            f"reaches the hub, or name tasks of your own (include=, in the shell --include)"
        ) from error
    finally:
        if decoder is not None:
            decoder.stream_choice = before
    return frame(rows)


def _in_short(error: Exception) -> str:
    """The kind of an error and the first line of what it says."""
    said = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _asked(found: dict[str, Any], name: str) -> int:
    """Questions of a task, or of all tasks of a group."""
    return sum(int(found["n-samples"][task]["effective"]) for task in _tasks_of(found, name))


def _tasks_of(found: dict[str, Any], name: str) -> set[str]:
    """Itself, or the tasks of a group and of the groups in it, each once."""
    if name in found["n-samples"]:
        return {name}
    return set().union(*(_tasks_of(found, each) for each in found["group_subtasks"][name]))


def _rows(P: int, found: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for task, values in found["results"].items():
        for key, value in values.items():
            metric, comma, chosen = key.partition(",")
            if not comma or metric.endswith("_stderr") or not isinstance(value, int | float):
                continue
            error = values.get(f"{metric}_stderr,{chosen}")
            rows.append(
                {
                    "P": P,
                    "task": task,
                    "metric": metric if chosen == "none" else f"{metric} ({chosen})",
                    "value": float(value),
                    "stderr": float(error) if isinstance(error, int | float) else float("nan"),
                    "n": _asked(found, task),
                }
            )
    return rows
