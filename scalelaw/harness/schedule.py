"""The learning rate over the steps of a run."""

import math

from scalelaw.harness.cell import Recipe


def rate_share(step: int, steps: int, recipe: Recipe) -> float:
    """Learning rate of a step, as a share of the highest.

    With w = warmup steps, d = decay steps and f = ``final``, for step i of n counted from 0:

        warm-up    (i + 1) / w                                       for i < w
        wsd        1 up to n - d, then 1 - (1 - f) (i - (n - d)) / d
        cosine     f + (1 - f) (1 + cos(pi (i - w) / (n - w))) / 2
        constant   1

    Source: WSD after arXiv 2404.06395, cosine after arXiv 1608.03983.
    """
    warmup = _warmup_steps(steps, recipe)
    if step < warmup:
        return (step + 1) / warmup
    if recipe.schedule == "cosine":
        return recipe.final + (1 - recipe.final) * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2
    if recipe.schedule == "wsd":
        decay = math.ceil(recipe.decay * steps)
        return 1 - (1 - recipe.final) * max(step - (steps - decay), 0) / max(decay, 1)
    return 1.0


def gate_share(step: int, steps: int, recipe: Recipe) -> float:
    """How much of the prefix is seen at a step of a run that begins near identity: i / w, from 0 to 1 over the warm-up.

    Without a warm-up it is none at the first step, and all from the second on.
    """
    return min(step / max(_warmup_steps(steps, recipe), 1), 1.0)


def _warmup_steps(steps: int, recipe: Recipe) -> int:
    return math.ceil(recipe.warmup * steps)
