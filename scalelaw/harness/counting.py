"""Parameters of a model, counted over its tensors; :func:`scalelaw.cost.parameters` has the formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scalelaw.harness.model import Model

GROUPS = ("embedding", "attention", "mlp", "norm", "prefix", "aggregator", "head")


def count_parameters(model: Model) -> dict[str, int]:
    """Parameters by group, summed over the tensors; reparameterised prefixes count as they will be merged."""
    own = dict.fromkeys(GROUPS, 0)
    for name, value in model.named_parameters():
        group = next(each for each in ("norm", *GROUPS) if each in name)  # a norm's name also tells what it precedes
        if group != "prefix":
            own[group] += value.numel()
    own["prefix"] = sum(k.numel() + v.numel() for k, v in filter(None, model.prefixes()))
    backbone = own["attention"] + own["mlp"] + own["norm"]
    groups = {f"n_{name}": value for name, value in own.items()}
    return {"N": backbone + own["prefix"] + own["aggregator"], "N_backbone": backbone, **groups}
