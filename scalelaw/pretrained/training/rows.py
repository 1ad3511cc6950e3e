"""What a training run gives: rows of the runs table, one for each P that it serves."""

from __future__ import annotations

import math
from typing import Any

from scalelaw._version import __version__
from scalelaw.pretrained.evaluating import Documents
from scalelaw.pretrained.training.callbacks import nested_counts
from scalelaw.pretrained.training.counting import counts, flops
from scalelaw.pretrained.training.plan import Plan, Stage


def served(plan: Plan) -> dict[int, Any]:
    """What to ask a model for, by P: all of a set, or of a nested one the first 1, 2, 4, ..."""
    P = plan.settings.streams
    if not plan.settings.nested:
        return {P: None}
    return {count: list(range(count)) for count in nested_counts(P)}


def row_of(plan: Plan, model: Any, P: int, held_out: Documents, train_loss: float) -> dict[str, Any]:
    """One row: N, P, D, C, the held-out loss with its standard error, counts in groups, settings."""
    found, recipe, settings = held_out.summed(), plan.recipe, plan.settings
    return {
        **(groups := counts(model, P)),
        "P": P,
        "D": plan.D,
        "C": training_flops(plan, model),
        "loss": found.loss,
        "loss_se": found.loss_se if math.isfinite(found.loss_se) else None,
        "bpb": found.bpb,
        "seed": plan.seed,
        "step": plan.steps,
        "run": f"{plan.id}-p{P}" if settings.nested else plan.id,
        "source": f"scalelaw {__version__} pretrained",
        "dataset": plan.data,
        "base": plan.model,
        "trained": plan.trainable,
        "share": plan.share,
        "init": plan.init if settings.streams > 1 else None,
        "train_loss": train_loss if math.isfinite(train_loss) else None,
        "held_out_tokens": found.tokens,
        "held_out_documents": found.documents,
        **{name: getattr(settings, name) for name in ("prefix_tokens", "smoothing", "aggregation", "prefix", "nested")},
        **{name: getattr(recipe, name) for name in ("batch", "context", "rate", "stream_rate", "warmup", "precision")},
        "added": groups["n_prefix"] + groups["n_aggregator"],
    }


def training_flops(plan: Plan, model: Any) -> float:
    """C: FLOPs of all stages, streams counted; of a nested run the mean over the P that steps draw from."""
    return sum(_flops(plan, stage, model) for stage in plan.stages)


def _flops(plan: Plan, stage: Stage, model: Any) -> float:
    nested = plan.settings.nested and stage.streams > 1
    drawn = nested_counts(stage.streams) if nested else (stage.streams,)
    tokens = stage.steps * plan.recipe.tokens_a_step
    each = (
        flops(
            model,
            P,
            tokens=tokens,
            context=plan.recipe.context,
            trained=stage.trained,
            checkpointing=plan.recipe.checkpointing,
        )
        for P in drawn
    )
    return sum(each) / len(drawn)
