"""AdamW in groups: only matrices decay, and prefixes may have a rate of their own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from scalelaw.cost.training import Trained
from scalelaw.harness.cell import Recipe


def optimiser(model: nn.Module, recipe: Recipe, trained: Trained = "all") -> torch.optim.AdamW:
    """AdamW over what is trained; each group holds its factor on the rate as ``share``.

    ``trained="streams"`` freezes the rest of the model, so that no gradient is computed for it.
    """
    groups: dict[str, list[nn.Parameter]] = {"matrices": [], "vectors": [], "prefix": []}
    for name, value in model.named_parameters():
        name = name.removeprefix("module.").removeprefix("_orig_mod.")
        value.requires_grad_(trained == "all" or name.startswith(("prefix", "aggregator")))
        if value.requires_grad:
            groups[_group(name, value)].append(value)
    settings = {"matrices": recipe.weight_decay, "vectors": 0.0, "prefix": 0.0}
    return torch.optim.AdamW(
        [
            {
                "params": values,
                "weight_decay": settings[group],
                "share": recipe.prefix_rate if group == "prefix" else 1.0,
            }
            for group, values in groups.items()
            if values
        ],
        lr=recipe.rate,
        betas=(recipe.beta1, recipe.beta2),
        eps=recipe.eps,
        fused=True,
    )


def set_rate(adamw: torch.optim.Optimizer, rate: float) -> None:
    for group in adamw.param_groups:
        group["lr"] = rate * group["share"]


def descend(
    loss: Tensor,
    model: nn.Module,
    adamw: torch.optim.Optimizer,
    recipe: Recipe,
    *,
    check: Callable[[Tensor], None] = lambda _: None,
) -> None:
    """Take the step that a loss asks for: gradients, clipping, AdamW.

    ``check`` sees the norm of the gradient before it is clipped, and may raise: the weights are as they were then.
    """
    loss.backward()
    check(torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip))
    adamw.step()
    adamw.zero_grad()


def _group(name: str, value: nn.Parameter) -> str:
    if name.startswith("prefix"):
        return "prefix"
    return "matrices" if value.ndim >= 2 and not name.startswith("embedding") else "vectors"
