"""Train tiny ParScale grids over N and P on one's own machine, and log their losses as a runs table.

A :class:`Cell` is one training run to do, :func:`train` trains it in a folder, and :mod:`~scalelaw.harness.sweep`
trains many, on one machine or a cluster. Training needs the extra ``train``; the rest is read without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scalelaw.cost import Shape
from scalelaw.extras import need
from scalelaw.harness.cell import Cell, Recipe, Streams
from scalelaw.harness.stages import equal_flops, two_stage

if TYPE_CHECKING:
    from scalelaw.harness import corpus, sweep
    from scalelaw.harness.evaluating import HeldOut, evaluate
    from scalelaw.harness.model import Model
    from scalelaw.harness.released import from_released, to_released
    from scalelaw.harness.storage import load_weights
    from scalelaw.harness.training import train

__all__ = [
    "Cell",
    "HeldOut",
    "Model",
    "Recipe",
    "Shape",
    "Streams",
    "corpus",
    "equal_flops",
    "evaluate",
    "from_released",
    "load_weights",
    "sweep",
    "to_released",
    "train",
    "two_stage",
]

# what needs PyTorch is imported when it is first used
_LATER = {
    "HeldOut": "evaluating",
    "Model": "model",
    "evaluate": "evaluating",
    "from_released": "released",
    "load_weights": "storage",
    "to_released": "released",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name in ("corpus", "sweep"):
        return import_module(f"scalelaw.harness.{name}")
    if name not in _LATER:
        raise AttributeError(f"module 'scalelaw.harness' has no attribute {name!r}")
    need("torch", extra="train", purpose="training")
    return getattr(import_module(f"scalelaw.harness.{_LATER[name]}"), name)
