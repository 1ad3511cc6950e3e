"""What a training run gives: rows of the runs table, one for each P that it serves."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from scalelaw._version import __version__
from scalelaw.cost.training import nested_counts
from scalelaw.pretrained.evaluating import Documents
from scalelaw.pretrained.loading import streams_held
from scalelaw.pretrained.training.callbacks import Nested
from scalelaw.pretrained.training.counting import counts, flops
from scalelaw.pretrained.training.plan import Plan, Stage


def served(plan: Plan) -> dict[int, Any]:
    """What to ask a model for, by P: all of a set, or of a nested one the first 1, 2, 4, ..."""
    P = plan.settings.streams
    if not plan.settings.nested:
        return {P: None}
    return {count: list(range(count)) for count in nested_counts(P)}


def begun_with(plan: Plan) -> str | None:
    """How the run began its streams; None where there are none, or the model came with them."""
    if plan.settings.streams == 1 or streams_held(plan.model, revision=plan.revision):
        return None
    return plan.init


def row_of(
    plan: Plan, model: Any, P: int, held_out: Documents, train_loss: float, *, init: str | None
) -> dict[str, Any]:
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
        "init": init,
        "train_loss": train_loss if math.isfinite(train_loss) else None,
        "held_out_tokens": found.tokens,
        "held_out_documents": found.documents,
        **{name: getattr(settings, name) for name in ("prefix_tokens", "smoothing", "aggregation", "prefix", "nested")},
        **{name: getattr(recipe, name) for name in ("batch", "context", "rate", "stream_rate", "warmup", "precision")},
        "added": groups["n_prefix"] + groups["n_aggregator"],
    }


def training_flops(plan: Plan, model: Any) -> float | None:
    """C: FLOPs of all stages, streams counted, of a nested run those that its steps drew; None if not to be counted."""
    found = [
        flops(
            model,
            P,
            tokens=steps * plan.recipe.tokens_a_step,
            context=plan.recipe.context,
            trained=stage.trained,
            checkpointing=plan.recipe.checkpointing,
        )
        for stage in plan.stages
        for P, steps in _steps_by_streams(plan, stage).items()
    ]
    return None if None in found else sum(each for each in found if each is not None)


def uncounted(plan: Plan, model: Any) -> str | None:
    """What is to be said of a model whose FLOPs cannot be counted."""
    if training_flops(plan, model) is not None:
        return None
    return f"the FLOPs of {type(model).__name__} are not known, as its matrices are no dense decoder's: rows have no C"


def _steps_by_streams(plan: Plan, stage: Stage) -> dict[int, int]:
    if not plan.settings.nested or stage.streams == 1:
        return {stage.streams: stage.steps}
    draw = Nested(nested_counts(stage.streams), seed=plan.seed).drawn
    return dict(Counter(draw(step) for step in range(stage.steps)))
