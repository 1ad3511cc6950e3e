"""One optimiser step as one compiled function: gradient, clipping, AdamW in groups."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import optax
import torch
from jax import Array

from scalelaw.cost import Shape
from scalelaw.harness.cell import Recipe, Streams
from scalelaw.harness.jax.model import loss
from scalelaw.harness.model import Model

Arrays = dict[str, Array]
Groups = tuple[tuple[str, float, float], ...]
Step = Callable[[Arrays, optax.OptState, Arrays, Array, Array, Array], tuple[Arrays, optax.OptState, Array, Array]]


def groups_of(model: Model, adamw: torch.optim.Optimizer) -> Groups:
    """Names, weight decays and factors on the rate of all tensors that are trained, as PyTorch's groups have them."""
    names = {id(value): name for name, value in model.named_parameters()}
    return tuple(
        (names[id(value)], group["weight_decay"], group["share"])
        for group in adamw.param_groups
        for value in group["params"]
    )


def adam(recipe: Recipe) -> optax.GradientTransformation:
    """Adam's direction: m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)."""
    return optax.scale_by_adam(b1=recipe.beta1, b2=recipe.beta2, eps=recipe.eps)


@lru_cache(maxsize=8)  # cells that differ in seed or tokens are compiled once in a process
def make_step(shape: Shape, streams: Streams, recipe: Recipe, groups: Groups) -> Step:
    """The compiled step (trained, state, kept, tokens, targets, rate) -> (trained, state, loss, gradient norm).

        gradient  g min(1, clip / (norm + 1e-6))
        weight    w - rate share (direction + decay w)

    ``trained`` and ``kept`` together are the weights; ``trained`` and ``state`` are given up to the function, which
    writes the new ones over them. ``rate`` and the arrays may change from step to step without another compilation.
    """

    def step(
        trained: Arrays, state: optax.OptState, kept: Arrays, tokens: Array, targets: Array, rate: Array
    ) -> tuple[Arrays, optax.OptState, Array, Array]:
        def objective(trained: Arrays) -> Array:
            return loss({**kept, **trained}, tokens, targets, shape, streams)

        value, gradient = jax.value_and_grad(objective)(trained)
        norm = jnp.sqrt(sum((each * each).sum() for each in gradient.values()))
        factor = jnp.minimum(1.0, recipe.clip / (norm + 1e-6))  # as clip_grad_norm_ does
        gradient = jax.tree.map(lambda each: each * factor, gradient)
        direction, state = adam(recipe).update(gradient, state)
        moved = {
            name: trained[name] - rate * share * (direction[name] + decay * trained[name])
            for name, decay, share in groups
        }
        return moved, state, value, norm

    return jax.jit(step, donate_argnames=("trained", "state"))
