"""The harness's model and training in JAX: the same cells, batches, files and rows as in PyTorch.

:func:`train` takes the place of :func:`scalelaw.harness.train`, also in a sweep; :mod:`~scalelaw.harness.jax.model` is
the decoder as functions of a dict of arrays, named as PyTorch's state dict. First weights are drawn by PyTorch, so that
a cell begins alike in both. :func:`train_together` trains cells of one shape in one program. Needs the extra ``jax``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scalelaw.extras import need

if TYPE_CHECKING:
    from scalelaw.harness.jax.evaluating import evaluate
    from scalelaw.harness.jax.model import logits, loss
    from scalelaw.harness.jax.together import train_together
    from scalelaw.harness.jax.training import train
    from scalelaw.harness.jax.weights import from_torch, into_torch

__all__ = ["evaluate", "from_torch", "into_torch", "logits", "loss", "train", "train_together"]

# no module has the name of a function here: once imported, it would take the function's place
_LATER = {
    "evaluate": "evaluating",
    "from_torch": "weights",
    "into_torch": "weights",
    "logits": "model",
    "loss": "model",
    "train": "training",
    "train_together": "together",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'scalelaw.harness.jax' has no attribute {name!r}")
    for package in ("jax", "optax", "torch"):
        need(package, extra="jax", purpose="training with JAX")
    return getattr(import_module(f"scalelaw.harness.jax.{_LATER[name]}"), name)
