"""Runs of Weights & Biases: exported tables, the folder that it writes while it logs, and runs of its API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.cost.training import Trained
from scalelaw.importers.logged import Asked, Logged, table_of

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.importers.logged import About


def read_wandb(
    source: str | os.PathLike[str] | Iterable[Any],
    *,
    loss: str | None = None,
    curve: bool = False,
    columns: Mapping[str, str] | None = None,
    tokens_per_step: float | None = None,
    about: About | None = None,
    trained: Trained = "all",
    context: int | None = None,
) -> pd.DataFrame:
    """The runs table of runs that Weights & Biases logged.

        loss  the last value of the held-out loss, never one of a summary by min or mean
        N, P  the configuration of a model of transformers, else a setting or metric of that name
        D     a count of tokens that was logged, else tokens_per_step times the step
        C     by the model's shape, streams counted; as it was logged only where P = 1 or it is named with columns

    Exports of the web page and ``run.history()`` are samples of what was logged; ``run.scan_history()``, the history
    artifact in parquet and the folder on disk are whole. A chart's values that are means over steps are refused, and a
    history that looks like a sample is noted.

    Parameters
    ----------
    source : path or iterable of runs
        A table: a run's history, a table of runs, or a chart, as CSV, parquet, JSON or JSON lines; the ``wandb/``
        folder, a run's folder in it or its ``.wandb`` file (extra ``wandb``); a folder of these; or runs of
        ``wandb.Api().runs(...)``, whose whole history is asked for.
    loss : str, optional
        Name of the metric, such as ``val/loss``; may be left out where one is a held-out loss.
    curve : bool
        Every evaluation as a row, those of a run under one name, instead of the last.
    columns : mapping of str to str, optional
        Metric or setting by column, ``{"N": "model.params", "D": "train/tok", "step": "trainer/global_step"}``.
    tokens_per_step : float, optional
        Batch size times context, where no tokens were counted.
    about : DataFrame, mapping or path, optional
        A table with a column ``run`` and what the logs do not say, such as ``N`` and ``P``; it goes before the logs.
    trained : {"all", "streams"}
        Which no log says.
    context : int, optional
        Tokens a sequence; attention over them is counted where it is given.

    Returns
    -------
    DataFrame
        Checked, with ``run``, ``source``, ``step``, ``train_loss``; ``attrs["scalelaw"]["notes"]`` says what is
        doubtful.

    Raises
    ------
    RunsError
        If there is no run, or one does not hold what is needed.
    MissingExtra
        If a folder of Weights & Biases is to be read, and its package is not installed.
    """
    asked = Asked.of(
        loss=loss,
        curve=curve,
        columns=columns,
        tokens_per_step=tokens_per_step,
        about=about,
        trained=trained,
        context=context,
    )
    return table_of(_logs(source), asked)


def _logs(source: Any) -> Iterator[Logged]:
    from scalelaw.importers.wandb import online, places

    return places.logs(Path(source)) if isinstance(source, str | os.PathLike) else online.logs(source)
