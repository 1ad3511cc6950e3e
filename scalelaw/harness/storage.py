"""Checkpoints and weights on disk: written whole or not at all, and refused when torn or of another version."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from scalelaw._version import __version__
from scalelaw.errors import HarnessError
from scalelaw.files import write_atomically
from scalelaw.harness.cell import Cell
from scalelaw.harness.model import Model

FORMAT = "scalelaw-checkpoint/1"


def save_checkpoint(path: Path, cell: Cell, state: dict[str, Any]) -> None:
    """What a run needs to go on: ``state`` of plain values and tensors."""
    contents = {"format": FORMAT, "version": __version__, "cell": cell.id, **state}
    write_atomically(path, lambda file: torch.save(contents, file))


def load_checkpoint(path: Path, cell: Cell) -> dict[str, Any]:
    """The state that :func:`save_checkpoint` wrote.

    Raises
    ------
    HarnessError
        If the file is torn, of another format, or of another cell.
    """
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged archive makes of unpickling
        raise HarnessError(
            f"checkpoint {path} is damaged; delete it to train the cell anew, in a sweep with --retry"
        ) from error
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise HarnessError(
            f"checkpoint {path} was written by another version of scalelaw; delete it to train the cell anew, in a "
            "sweep with --retry, or go on with that version"
        )
    if contents["cell"] != cell.id:
        raise HarnessError(f"checkpoint {path} belongs to cell {contents['cell']} and not to {cell.id}; delete it")
    return contents


def save_weights(path: Path, cell: Cell, model: Model) -> None:
    """Weights, with the cell in the file's metadata."""
    tensors = {name: value.detach().contiguous().cpu() for name, value in model.state_dict().items()}
    metadata = {"cell": json.dumps(cell.to_dict()), "scalelaw": __version__}
    write_atomically(path, safetensors.torch.save(tensors, metadata))


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
        with safetensors.safe_open(path, framework="pt") as file:
            cell = Cell.from_dict(json.loads(file.metadata()["cell"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    except (safetensors.SafetensorError, KeyError, TypeError) as error:
        raise HarnessError(f"weights {path} are damaged or not scalelaw's ({error}); train the cell anew") from error
    model = Model(cell.shape, replace(cell.streams, prefix="direct"), seed=cell.seed)  # prefixes are kept merged
    model.load_state_dict(tensors)
    return model, cell


def _why_none(folder: Path) -> str:
    if (folder / "row.json").exists():
        return "it was trained and its weights were not kept"
    is_cell = (folder / "cell.json").exists()
    return f"train it first, with `scalelaw train {folder}`" if is_cell else "train the cell first, or check the path"
