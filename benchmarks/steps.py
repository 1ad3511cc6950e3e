"""Training steps as the harness takes them, and the rate of matrix products that they are held against."""

from __future__ import annotations

import statistics
import time

import torch

from scalelaw.cost import Shape, forward_flops, train_flops
from scalelaw.harness.cell import Recipe, Streams
from scalelaw.harness.malloc import keep_freed_memory
from scalelaw.harness.model import Model
from scalelaw.harness.optimiser import descend, optimiser

SHAPE = Shape.scaled(width=128, layers=4)
MATMUL_SIZE, MATMULS = 512, 20


def one_thread() -> None:
    """As in a job of a sweep."""
    torch.set_num_threads(1)
    keep_freed_memory()


class Step:
    """One optimiser step on random tokens, without the reading of a corpus and the looking out for divergence."""

    def __init__(self, streams: int = 1, *, shape: Shape = SHAPE, recipe: Recipe | None = None):
        self.shape, self.streams, self.recipe = shape, streams, recipe or Recipe()
        self.model: torch.nn.Module = self.build()
        self.adamw = optimiser(self.model, self.recipe)
        generator = torch.Generator().manual_seed(0)
        size = (self.recipe.batch, self.recipe.context + 1)
        tokens = torch.randint(0, shape.vocabulary, size, generator=generator)
        self.inputs, self.targets = tokens[:, :-1], tokens[:, 1:]

    def build(self) -> torch.nn.Module:
        return Model(self.shape, Streams(count=self.streams))

    def loss(self) -> torch.Tensor:
        return self.model.loss(self.inputs, self.targets)

    def __call__(self, *_: object) -> None:
        descend(self.loss(), self.model, self.adamw, self.recipe)

    @property
    def flops(self) -> float:
        recipe = self.recipe
        return train_flops(self.shape, self.streams, tokens=recipe.tokens_a_step, context=recipe.context)

    @property
    def product_flops(self) -> float:
        """Without attention: products of activations and weights only, forward and backward."""
        terms = forward_flops(self.shape, self.streams, context=self.recipe.context)
        return 3 * self.recipe.tokens_a_step * (sum(terms.values()) - terms["attention"])


def matmul_rate() -> float:
    """Operations a CPU second of fp32 products of square matrices that stay in the cache: the median of some."""
    a, b = torch.rand(2, MATMUL_SIZE, MATMUL_SIZE)
    seconds = []
    for _ in range(MATMULS):
        start = time.process_time()
        a @ b
        seconds.append(time.process_time() - start)
    return 2 * MATMUL_SIZE**3 / statistics.median(seconds)
