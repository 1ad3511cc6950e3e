"""Weights and AdamW's moments, from PyTorch into JAX's arrays and back; by the same names on both sides."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from jax import Array
from torch import Tensor

from scalelaw.harness.model import Model


def from_torch(model: Model) -> dict[str, Array]:
    """The weights of a PyTorch model as arrays of JAX, buffers included: copies, on JAX's default device.

    Parameters
    ----------
    model : Model

    Examples
    --------
    >>> from scalelaw import harness
    >>> model = harness.Model(harness.Shape.scaled(width=32, layers=1))
    >>> from_torch(model)["embedding.weight"].shape
    (256, 32)
    """
    return {name: _array(value) for name, value in model.state_dict().items()}


def into_torch(weights: Mapping[str, Array], model: Model) -> Model:
    """Copy weights into the PyTorch model of their shape and streams; the model is given back."""
    model.load_state_dict({name: _tensor(value) for name, value in weights.items()}, strict=True)
    return model


def moments_from_torch(
    state: optax.ScaleByAdamState, model: Model, adamw: torch.optim.Optimizer
) -> optax.ScaleByAdamState:
    """The moments that PyTorch's AdamW holds; ``state`` itself where it has not taken a step."""
    held = {name: adamw.state[value] for name, value in model.named_parameters() if adamw.state.get(value)}
    if not held:
        return state
    steps = {int(each["step"].item()) for each in held.values()}
    first, second = (
        {name: _array(each[moment]) for name, each in held.items()} for moment in ("exp_avg", "exp_avg_sq")
    )
    return optax.ScaleByAdamState(count=jnp.asarray(steps.pop(), jnp.int32), mu=first, nu=second)


def moments_into_torch(state: optax.ScaleByAdamState, model: Model, adamw: torch.optim.Optimizer) -> None:
    """Copy moments into PyTorch's AdamW."""
    for name, value in model.named_parameters():
        if name in state.mu:
            adamw.state[value] = {
                "step": torch.tensor(float(state.count)),
                "exp_avg": _tensor(state.mu[name]),
                "exp_avg_sq": _tensor(state.nu[name]),
            }


def _array(tensor: Tensor) -> Array:
    # a copy: on a CPU the array could otherwise be the tensor's own memory, which PyTorch may write to
    return jnp.array(tensor.detach().cpu().numpy(), copy=True)


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(np.array(jax.device_get(array)))
