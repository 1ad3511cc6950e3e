"""Scores that lm-evaluation-harness wrote, and their place beside the losses of the same runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.errors import RunsError
from scalelaw.importers.files import read_json

if TYPE_CHECKING:
    import pandas as pd

_STREAMS = re.compile(r"(?:^|,)streams=(\d+)(?:,|$)")
COLUMNS = ("model", "P", "task", "metric", "filter", "value", "stderr", "n", "higher_is_better", "group", "source")


def read_lm_eval(source: str | os.PathLike[str]) -> pd.DataFrame:
    """Every metric that lm-evaluation-harness wrote of every model, in long form.

    Of a model's task that was evaluated several times the latest stands. Accuracy is no loss, so that this is no runs
    table; :func:`with_scores` puts scores beside the losses of the same runs.

    Parameters
    ----------
    source : path
        A ``results_*.json``, or a folder with such in it: the ``output_path`` of lm-eval.

    Returns
    -------
    DataFrame
        ``model``, ``P`` (of ``streams=`` among the model's arguments, else empty), ``task``, ``metric``, ``filter``,
        ``value`` as it was written (accuracies are between 0 and 1), ``stderr``, ``n``, ``higher_is_better``, ``group``
        (that the task is part of), ``source``.

    Raises
    ------
    RunsError
        If there is no such file, or one cannot be read.
    """
    import pandas as pd

    results = [(path, _read(path)) for path in _files(Path(source))]
    results.sort(key=lambda each: (each[1].get("date") or 0, each[0].name))
    rows = [row for path, result in results for row in _rows(path, result)]
    if not rows:
        raise RunsError(f"{source} holds results of no task; evaluate one, with an output path")
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["P"] = frame["P"].astype("Int64")
    return frame.drop_duplicates(["model", "P", "task", "metric", "filter"], keep="last").reset_index(drop=True)


def with_scores(
    table: pd.DataFrame | Mapping[str, Any],
    scores: pd.DataFrame,
    *,
    tasks: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> pd.DataFrame:
    """A runs table with the scores of its runs, such as :func:`scalelaw.downstream` takes.

    A model is the run that is called as it, or as one of the folders that it lies in: ``out/p4/checkpoint-900`` is run
    ``p4``. Where the P that was evaluated is known, the row of that P counts.

    Parameters
    ----------
    table : DataFrame or mapping
        Runs with a column ``run``, one row a run and P.
    scores : DataFrame
        Of :func:`read_lm_eval`.
    tasks : sequence of str
        Which make up the score; all that are no part of a group unless given.
    metrics : sequence of str
        Of each task the first of these that it has; may be left out where a task has one alone that is better when
        higher.

    Returns
    -------
    DataFrame
        Checked; a column a task, and ``score``, their mean, all in per cent. Runs that were not evaluated are left out.

    Raises
    ------
    RunsError
        If runs cannot be told apart, a metric has to be chosen, or a run lacks a task.
    """
    from scalelaw import runs

    checked = runs.check(table)
    if "run" not in checked:
        raise RunsError("the runs table has no column run, by which scores find their run; add one")
    chosen = _chosen(scores, tasks, metrics)
    found = _by_row(checked, chosen)
    table = checked.loc[list(found)].reset_index(drop=True)
    per_task = {task: [values[task] for values in found.values()] for task in sorted(set(chosen["task"]))}
    score = [sum(values.values()) / len(values) for values in found.values()]
    return runs.check(table.assign(**per_task, score=score))


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise RunsError(f"there is no file or folder {source}; name the output path of lm-eval")
    found = [source] if source.is_file() else sorted(source.rglob("results*.json"))
    if not found:
        raise RunsError(f"{source} holds no results_*.json; evaluate with --output_path")
    return found


def _read(path: Path) -> dict[str, Any]:
    result = read_json(path, torn="writing it was interrupted; evaluate again")
    if not isinstance(result, dict) or not isinstance(result.get("results"), dict):
        raise RunsError(f"{path} is no result of lm-evaluation-harness: it has no results; leave it out")
    return result


def _rows(path: Path, result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a metric and filter of every task."""
    group_of = {task: group for group, tasks in (result.get("group_subtasks") or {}).items() for task in tasks}
    for task, values in result["results"].items():
        for key, value in values.items():
            metric, comma, chosen = key.partition(",")
            if not comma or metric.endswith("_stderr") or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            error = values.get(f"{metric}_stderr,{chosen}")
            yield {
                "model": _model(path, result),
                "P": _streams(result),
                "task": task,
                "metric": metric,
                "filter": chosen,
                "value": float(value),
                "stderr": float(error) if isinstance(error, int | float) else float("nan"),
                "n": (result.get("n-samples") or {}).get(task, {}).get("effective"),
                "higher_is_better": (result.get("higher_is_better") or {}).get(task, {}).get(metric),
                "group": group_of.get(task, ""),
                "source": f"lm-eval:{path}",
            }


def _model(path: Path, result: Mapping[str, Any]) -> str:
    """The model by its name, or by the folder that its results are in where lm-eval knew none."""
    return str(result.get("model_name") or path.resolve().parent.name)


def _streams(result: Mapping[str, Any]) -> int | None:
    given = (result.get("config") or {}).get("model_args") or ""
    if isinstance(given, Mapping):
        streams = given.get("streams")
        return int(str(streams)) if str(streams).isdigit() else None
    found = _STREAMS.search(str(given))
    return int(found[1]) if found else None


def _chosen(scores: pd.DataFrame, tasks: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """The rows of one metric for each task."""
    import pandas as pd

    unknown = [task for task in tasks if task not in set(scores["task"])]
    if unknown:
        raise RunsError(f"no results are of task {unknown[0]!r}; there are {', '.join(sorted(set(scores['task'])))}")
    wanted = scores[scores["task"].isin(tasks)] if tasks else scores[scores["group"] == ""]
    return pd.concat([part[_is_metric(str(task), part, metrics)] for task, part in wanted.groupby("task")])


def _is_metric(task: str, part: pd.DataFrame, metrics: Sequence[str]) -> Any:
    higher = part[part["higher_is_better"].ne(False)]
    offered = list(dict.fromkeys(zip(higher["metric"], higher["filter"], strict=True)))
    wanted = (
        [pair for metric in metrics for pair in offered if metric in (pair[0], ",".join(pair))] if metrics else offered
    )
    if not wanted:
        raise RunsError(
            f"task {task!r} has no {' or '.join(metrics) or 'metric that is better when higher'}; leave it out"
        )
    if len({metric for metric, _ in wanted}) > 1 and not metrics:
        raise RunsError(f"task {task!r} has {' and '.join(sorted({m for m, _ in wanted}))}; name one with metrics")
    first = [pair for pair in wanted if pair[0] == wanted[0][0]]
    if len(first) > 1:
        raise RunsError(
            f"task {task!r} has {' and '.join(map(','.join, first))}; name one with metrics, filter and all"
        )
    return (part["metric"] == first[0][0]) & (part["filter"] == first[0][1])


def _row(table: pd.DataFrame, model: str, P: Any) -> Any:
    """The label of the row that a model is of."""
    from pandas import isnull

    names = set(table["run"])
    parts = [model, *reversed(Path(model).parts)]
    name = next((part for part in parts if part in names), None)
    if name is None:
        raise RunsError(f"no run is called {model!r} or as a folder of it; runs are {', '.join(sorted(names)[:8])}")
    rows = table[table["run"] == name]
    if not isnull(P) and "P" in rows:
        rows = rows[rows["P"] == P]
    if len(rows) != 1:
        raise RunsError(f"run {name!r} has {len(rows)} rows that {model!r} could be; keep one row a run and P")
    return rows.index[0]


def _by_row(table: pd.DataFrame, chosen: pd.DataFrame) -> dict[Any, dict[str, float]]:
    """Scores in per cent by task, by the label of the run's row, in the table's order."""
    found: dict[Any, dict[str, float]] = {}
    for each in chosen.to_dict("records"):
        row, task = _row(table, str(each["model"]), each["P"]), str(each["task"])
        if task in found.setdefault(row, {}):
            raise RunsError(f"two results of {task!r} are of run {table['run'][row]!r}; leave one out")
        found[row][task] = 100.0 * each["value"]
    for row, scores in found.items():
        lacking = sorted(set(chosen["task"]) - set(scores))
        if lacking:
            raise RunsError(f"run {table['run'][row]!r} has no result of {lacking[0]!r}; evaluate it, or choose tasks")
    return {row: found[row] for row in table.index if row in found}
