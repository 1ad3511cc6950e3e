"""One optimiser step as one compiled function: gradient, clipping, AdamW in groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
import torch
from jax import Array

from scalelaw.harness.cell import Cell
from scalelaw.harness.jax.model import loss
from scalelaw.harness.model import Model

Arrays = dict[str, Array]
Step = Callable[..., tuple[Arrays, Any, Array, Array]]


def groups_of(model: Model, adamw: torch.optim.Optimizer) -> dict[str, tuple[float, float]]:
    """Weight decay and factor on the rate of every tensor that is trained, as PyTorch's groups have them."""
    names = {id(value): name for name, value in model.named_parameters()}
    return {
        names[id(value)]: (group["weight_decay"], group["share"])
        for group in adamw.param_groups
        for value in group["params"]
    }


def adam(cell: Cell) -> optax.GradientTransformation:
    """Adam's direction: m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)."""
    recipe = cell.recipe
    return optax.scale_by_adam(b1=recipe.beta1, b2=recipe.beta2, eps=recipe.eps)


def make_step(cell: Cell, groups: Mapping[str, tuple[float, float]]) -> Step:
    """The compiled step (trained, state, kept, tokens, targets, rate) -> (trained, state, loss, gradient norm).

        gradient  g min(1, clip / (norm + 1e-6))
        weight    w - rate share (direction + decay w)

    ``trained`` and ``kept`` together are the weights; ``trained`` and ``state`` are given up to the function, which
    writes the new ones over them. ``rate`` and the arrays may change from step to step without another compilation.
    """
    direction = adam(cell)

    def step(
        trained: Arrays, state: Any, kept: Arrays, tokens: Array, targets: Array, rate: Array
    ) -> tuple[Arrays, Any, Array, Array]:
        def objective(trained: Arrays) -> Array:
            return loss({**kept, **trained}, tokens, targets, cell.shape, cell.streams)

        value, gradient = jax.value_and_grad(objective)(trained)
        norm = optax.global_norm(gradient)
        factor = jnp.minimum(1.0, cell.recipe.clip / (norm + 1e-6))  # as clip_grad_norm_ does
        gradient = jax.tree.map(lambda each: each * factor, gradient)
        direct, state = direction.update(gradient, state)
        moved = {}
        for name, weight in trained.items():
            decay, share = groups[name]
            moved[name] = weight - rate * share * (direct[name] + decay * weight)
        return moved, state, value, norm

    return jax.jit(step, donate_argnames=("trained", "state"))
