"""Runs that TensorBoard shows, from their event files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.cost.training import Trained
from scalelaw.errors import RunsError
from scalelaw.extras import need
from scalelaw.importers.logged import Asked, Logged, table_of

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.importers.logged import About

EVENTS = "*tfevents*"
_HPARAMS = "_hparams_/session_start_info"
_TEXTS = ("args/text_summary", "model_config/text_summary")
"""What transformers' Trainer writes of its arguments and of the model, as JSON."""


def read_tensorboard(
    source: str | os.PathLike[str],
    *,
    loss: str | None = None,
    curve: bool = False,
    columns: Mapping[str, str] | None = None,
    tokens_per_step: float | None = None,
    about: About | None = None,
    trained: Trained = "all",
    context: int | None = None,
) -> pd.DataFrame:
    """The runs table of the runs in a log folder of TensorBoard.

    A run is a folder with event files, named by its place in the log folder. Its settings are its hyperparameters
    (``SummaryWriter.add_hparams``) and what transformers' Trainer writes of model and arguments. Every value is read,
    where TensorBoard shows, and downloads as CSV, a sample.

    Parameters
    ----------
    source : path
        An event file, the folder of a run, or a folder of such.
    loss, curve, columns, tokens_per_step, about, trained, context
        As for :func:`scalelaw.importers.read_wandb`; ``tokens_per_step`` counts by the step that values were written
        with.

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
        If the package tensorboard is not installed.
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
    return table_of(_logs(Path(source)), asked)


def _logs(source: Path) -> Iterator[Logged]:
    """Runs by folder; the folder below one that ``add_hparams`` makes is of the run above it."""
    files = _files(source)
    need("tensorboard", extra="tensorboard", purpose="reading TensorBoard's event files")
    read = {folder: _read(folder if source.is_dir() else source) for folder in dict.fromkeys(f.parent for f in files)}
    of_others = {
        folder
        for folder, (history, settings) in read.items()
        if settings and len(history) < 2 and folder.parent in read
    }
    for folder, (history, settings) in read.items():
        if folder in of_others:
            continue
        for each in of_others:
            settings = settings | read[each][1] if each.parent == folder else settings
        name = folder.relative_to(source).as_posix() if source.is_dir() and folder != source else folder.resolve().name
        yield Logged(name, f"tensorboard:{folder}", history, settings)


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise RunsError(f"there is no file or folder {source}; name a log folder of TensorBoard")
    found = [source] if source.is_file() else sorted(file for file in source.rglob(EVENTS) if file.is_file())
    if not found:
        raise RunsError(f"{source} holds no event file of TensorBoard ({EVENTS})")
    return found


def _read(place: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Values of a folder's event files, those of a step together, and settings."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulated = EventAccumulator(str(place), size_guidance={"scalars": 0, "tensors": 0})
    accumulated.Reload()
    steps: dict[int, dict[str, Any]] = {}
    for name in accumulated.Tags()["scalars"]:
        for event in accumulated.Scalars(name):
            steps.setdefault(event.step, {"step": event.step})[name] = event.value
    for name in _tensors(accumulated):
        for event in accumulated.Tensors(name):
            steps.setdefault(event.step, {"step": event.step})[name] = float(_array(event.tensor_proto))
    return [steps[step] for step in sorted(steps)], _hparams(accumulated) | _texts(accumulated)


def _tensors(accumulated: Any) -> list[str]:
    """Scalars as TensorFlow 2 writes them."""
    return [
        name
        for name in accumulated.Tags()["tensors"]
        if accumulated.SummaryMetadata(name).plugin_data.plugin_name == "scalars"
    ]


def _array(tensor: Any) -> Any:
    from tensorboard.util.tensor_util import make_ndarray

    return make_ndarray(tensor)


def _hparams(accumulated: Any) -> dict[str, Any]:
    if _HPARAMS not in accumulated.summary_metadata:
        return {}
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = accumulated.SummaryMetadata(_HPARAMS).plugin_data.content
    given = HParamsPluginData.FromString(content).session_start_info.hparams
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in given.items()}


def _texts(accumulated: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in set(_TEXTS).intersection(accumulated.Tags()["tensors"]):
        text = _array(accumulated.Tensors(name)[-1].tensor_proto).item().decode(errors="replace")
        try:
            found |= json.loads(text)
        except (ValueError, TypeError):
            continue  # it is the text of some other program
    return found
