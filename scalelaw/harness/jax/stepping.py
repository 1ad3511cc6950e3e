"""Optimiser steps as one compiled function: gradient, clipping, AdamW in groups, step after step, cell beside cell.

Adam's direction is optax's. Clipping, decay and rate are written out: they may differ between cells of one program,
where optax has them in the program, and clipping is PyTorch's, which adds 1e-6 to the norm.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from jax import Array

from scalelaw.cost import Shape
from scalelaw.harness.cell import Cell, Streams
from scalelaw.harness.jax.feeding import CALL, Feed
from scalelaw.harness.jax.grouping import alike
from scalelaw.harness.jax.model import loss
from scalelaw.harness.jax.places import Place
from scalelaw.harness.model import Model

Arrays = dict[str, Array]
Groups = tuple[tuple[str, float, float], ...]
Steps = Callable[..., tuple[Arrays, optax.OptState, Array, Array]]


class Program(NamedTuple):
    """What cells must have in common to be trained by the same compiled function."""

    shape: Shape
    streams: Streams
    beta1: float
    beta2: float
    eps: float
    names: tuple[str, ...]  # tensors that are trained


class Settings(NamedTuple):
    """What may differ between them beside what they are fed; decays and shares are one number a trained tensor."""

    clip: Any
    decays: Any
    shares: Any


def groups_of(model: Model, adamw: torch.optim.Optimizer) -> Groups:
    """Names, weight decays and factors on the rate of all tensors that are trained, as PyTorch's groups have them."""
    names = {id(value): name for name, value in model.named_parameters()}
    return tuple(
        (names[id(value)], group["weight_decay"], group["share"])
        for group in adamw.param_groups
        for value in group["params"]
    )


def program_of(cell: Cell, groups: Groups) -> Program:
    recipe = cell.recipe
    names = tuple(name for name, *_ in groups)
    return Program(cell.shape, alike(cell).streams, recipe.beta1, recipe.beta2, recipe.eps, names)


def settings_of(cell: Cell, groups: Groups) -> Settings:
    decays, shares = (np.asarray([each[i] for each in groups], np.float32) for i in (1, 2))
    return Settings(np.float32(cell.recipe.clip), decays, shares)


def adam(program: Program) -> optax.GradientTransformation:
    """Adam's direction: m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)."""
    return optax.scale_by_adam(b1=program.beta1, b2=program.beta2, eps=program.eps)


@lru_cache(maxsize=8)  # cells that differ in seed, tokens, rate or prefix settings are compiled once in a process
def make_steps(program: Program, place: Place, *, together: bool = False) -> Steps:
    """The compiled steps (trained, moments, kept, settings, feed, count) -> (trained, moments, losses, gradient norms).

        gradient  g min(1, clip / (norm + 1e-6))
        weight    w - rate share (direction + decay w)

    ``trained`` and ``kept`` together are the weights; ``trained`` and ``moments`` are given up to the function, which
    writes the new ones over them. Of the steps that are fed, the first ``count`` are taken, and losses and norms are
    those before each. All but the shapes may change from call to call without another compilation. ``together`` is for
    cells beside one another: every array but ``count`` has them as its first axis.
    """

    def steps(
        trained: Arrays, moments: optax.OptState, kept: Arrays, settings: Settings, feed: Feed, count: int
    ) -> tuple[Arrays, optax.OptState, Array, Array]:
        def one(i: int, before: tuple[Arrays, optax.OptState, Array, Array]) -> Any:
            trained, moments, losses, norms = before
            fed = Feed(*(each[i] for each in feed))
            trained, moments, value, norm = _step(program, trained, moments, kept, settings, fed)
            return trained, moments, losses.at[i].set(value), norms.at[i].set(norm)

        return jax.lax.fori_loop(0, count, one, (trained, moments, jnp.zeros(CALL), jnp.zeros(CALL)))

    # an axis of cells is mapped over; the number of steps is theirs in common
    mapped = jax.vmap(steps, in_axes=(0, 0, 0, 0, 0, None)) if together else steps
    return jax.jit(mapped, donate_argnums=(0, 1), out_shardings=place.everywhere)


def _step(
    program: Program, trained: Arrays, moments: optax.OptState, kept: Arrays, settings: Settings, fed: Feed
) -> tuple[Arrays, optax.OptState, Array, Array]:
    """One step, with the loss and the norm of the gradient before it."""
    tokens = fed.tokens.astype(jnp.int32)
    kept = {**kept, "prefix_gate": fed.gates}

    def objective(trained: Arrays) -> Array:
        return loss({**kept, **trained}, tokens[:, :-1], tokens[:, 1:], program.shape, program.streams)

    value, gradient = jax.value_and_grad(objective)(trained)
    norm = jnp.sqrt(sum((each * each).sum() for each in gradient.values()))
    factor = jnp.minimum(1.0, settings.clip / (norm + 1e-6))  # as clip_grad_norm_ does
    gradient = jax.tree.map(lambda each: each * factor, gradient)
    direction, moments = adam(program).update(gradient, moments)
    moved = {
        name: trained[name] - fed.rates * settings.shares[i] * (direction[name] + settings.decays[i] * trained[name])
        for i, name in enumerate(program.names)
    }
    return moved, moments, value, norm
