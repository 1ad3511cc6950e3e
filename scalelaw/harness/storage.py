"""Checkpoints and weights on disk: written whole or not at all, and refused when torn or of another version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from scalelaw._version import __version__
from scalelaw.errors import HarnessError
from scalelaw.files import write_atomically
from scalelaw.harness.cell import Cell
from scalelaw.harness.model import Model

FORMAT = "scalelaw-checkpoint/2"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # as AdamW calls them


def tensors_of(model: Model, adamw: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Weights and AdamW's moments, each by its kind and its name in the model: ``exp_avg/embedding.weight``."""
    weights = {f"weight/{name}": value for name, value in model.state_dict().items()}
    moments = {
        f"{kind}/{name}": adamw.state[value][kind]
        for name, value in model.named_parameters()
        for kind in adamw.state.get(value, ())
    }
    return weights | moments


def restore(model: Model, adamw: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what :func:`tensors_of` gave."""
    kinds = {name: name.partition("/") for name in tensors}
    model.load_state_dict({own: tensors[name] for name, (kind, _, own) in kinds.items() if kind == "weight"})
    for own, value in model.named_parameters():
        names = {kind: f"{kind}/{own}" for kind in MOMENTS if f"{kind}/{own}" in tensors}
        if names:  # copies: AdamW writes over them, and they may lie in a file
            adamw.state[value] = {kind: tensors[name].to(value.device, copy=True) for kind, name in names.items()}


def save_checkpoint(path: Path, cell: Cell, tensors: Mapping[str, Tensor], progress: dict[str, Any]) -> None:
    """What a run needs to go on: tensors by name, and plain values, in the file's metadata."""
    metadata = {"format": FORMAT, "scalelaw": __version__, "cell": cell.id, "progress": json.dumps(progress)}
    write_atomically(path, safetensors.torch.save(_on_cpu(tensors), metadata))


def load_checkpoint(path: Path, cell: Cell) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the progress that :func:`save_checkpoint` wrote.

    Raises
    ------
    HarnessError
        If the file is torn, of another format, or of another cell.
    """
    try:
        tensors, metadata = _read(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise HarnessError(
            f"checkpoint {path} is damaged; delete it to train the cell anew, in a sweep with --retry"
        ) from error
    if metadata.get("format") != FORMAT:
        raise HarnessError(
            f"checkpoint {path} was written by another version of scalelaw; delete it to train the cell anew, in a "
            "sweep with --retry, or go on with that version"
        )
    if metadata["cell"] != cell.id:
        raise HarnessError(f"checkpoint {path} belongs to cell {metadata['cell']} and not to {cell.id}; delete it")
    return tensors, json.loads(metadata["progress"])


def save_weights(path: Path, cell: Cell, model: Model) -> None:
    """Weights, with the cell in the file's metadata."""
    metadata = {"cell": json.dumps(cell.to_dict()), "scalelaw": __version__}
    write_atomically(path, safetensors.torch.save(_on_cpu(model.state_dict()), metadata))


def load_weights(path: str | Path) -> tuple[Model, Cell]:
    """The model that a cell ended with, and the cell.

    Parameters
    ----------
    path : path
        ``weights.safetensors``, or the cell's folder.

    Raises
    ------
    HarnessError
        If there is no such file, or it is damaged.
    """
    path = Path(path)
    path = path / "weights.safetensors" if path.is_dir() else path
    if not path.exists():
        raise HarnessError(f"there are no weights {path}: {_why_none(path.parent)}")
    try:
        tensors, metadata = _read(path)
        cell = Cell.from_dict(json.loads(metadata["cell"]))
    except (safetensors.SafetensorError, KeyError, TypeError) as error:
        raise HarnessError(f"weights {path} are damaged or not scalelaw's ({error}); train the cell anew") from error
    model = Model(cell.shape, replace(cell.streams, prefix="direct"), seed=cell.seed)  # prefixes are kept merged
    model.load_state_dict(tensors)
    return model, cell


def _on_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().contiguous().cpu() for name, value in tensors.items()}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a file of safetensors."""
    with safetensors.safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
        return tensors, file.metadata() or {}


def _why_none(folder: Path) -> str:
    if (folder / "row.json").exists():
        return "it was trained and its weights were not kept"
    is_cell = (folder / "cell.json").exists()
    return f"train it first, with `scalelaw train {folder}`" if is_cell else "train the cell first, or check the path"
