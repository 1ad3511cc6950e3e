"""The model as a stage begins with it: loaded, with what earlier stages trained, streams put on, the rest frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.adding import add_streams, trainable
from scalelaw.pretrained.initial import OF_TEXT
from scalelaw.pretrained.loading import load
from scalelaw.pretrained.model import WithStreams, is_streams
from scalelaw.pretrained.statistics import LENGTH, sample
from scalelaw.pretrained.training.lora import add_lora
from scalelaw.pretrained.training.plan import Plan, Stage


def made_ready(plan: Plan, stage: Stage, weights: Sequence[Path], tokenizer: Any, texts: Sequence[str] | None) -> Any:
    """The model of a stage.

    Parameters
    ----------
    weights : sequence of path
        What stages trained, in order; the stage's own among them once it is done.
    texts : sequence of str, optional
        What streams begin with, or ``statistics`` are taken from; not needed where the stage is done.

    Raises
    ------
    PretrainedError
        If the model has other streams already, or a shorter context than the plan.
    """
    from scalelaw.pretrained.training.trainer import load_trained

    model = load(plan.model, revision=plan.revision, dtype=plan.loaded_in)
    _check_streams(model, plan)
    _check_context(model, plan)
    stages = plan.stages[: plan.stages.index(stage) + 1]
    for i, each in enumerate(stages):
        _choose(model, plan, each, tokenizer, texts)
        if i < len(weights):
            load_trained(model, weights[i])
    model.config.use_cache = False
    return model


def coarse(model: Any) -> str | None:
    """What is to be said of a model some of whose trained weights have few digits; None where none have."""
    kinds = {value.dtype for value in model.parameters() if value.requires_grad} & {torch.bfloat16, torch.float16}
    if not kinds:
        return None
    named = " and ".join(sorted(str(each).removeprefix("torch.") for each in kinds))
    return (
        f"weights in {named} are trained, which small steps leave as they are; to train in float32 give streams the "
        f"precision float32 and a base that is trained the dtype float32"
    )


def _check_streams(model: Any, plan: Plan) -> None:
    P = model.streams if isinstance(model, WithStreams) else 1
    if P > 1 and plan.settings.streams == P:
        has = model.get_decoder().stream_settings
        for name in ("prefix_tokens", "smoothing", "aggregation", "prefix", "nested"):
            if getattr(has, name) != getattr(plan.settings, name):
                raise PretrainedError(
                    f"the streams of {plan.model} have {name} {getattr(has, name)} and "
                    f"{getattr(plan.settings, name)} is asked for; ask for the same, or name the base without streams"
                )
        kept, wanted = (each.kept_in(model.dtype) for each in (has, plan.settings))
        if kept != wanted:
            raise PretrainedError(
                f"the streams of {plan.model} are kept in {kept} and {wanted} is asked for; ask for the same precision"
            )
    if P not in (1, plan.settings.streams):
        raise PretrainedError(
            f"{plan.model} has {P} streams already and {plan.settings.streams} are asked for; ask for {P}, or name "
            f"the base without streams"
        )


def _check_context(model: Any, plan: Plan) -> None:
    longest = getattr(model.config, "max_position_embeddings", None)
    if longest is not None and plan.recipe.context > longest:
        raise PretrainedError(
            f"a context of {plan.recipe.context} tokens is longer than that of {plan.model}, {longest}; "
            f"choose a shorter one"
        )


def _choose(model: Any, plan: Plan, stage: Stage, tokenizer: Any, texts: Sequence[str] | None) -> None:
    """Put on the streams that the stage has, and freeze what it does not train."""
    if stage.streams > 1:
        _put_on(model, plan, tokenizer, texts)
    elif isinstance(model, WithStreams):
        model.set_streams(1)
    if stage.trained == "lora":
        add_lora(model, plan.lora_rank, seed=plan.seed)
    elif stage.streams > 1:
        trainable(model, stage.trained)
    else:
        for name, value in model.named_parameters():
            value.requires_grad_(not is_streams(name) and "resting_streams." not in name)


def _put_on(model: Any, plan: Plan, tokenizer: Any, texts: Sequence[str] | None) -> None:
    P = plan.settings.streams
    if isinstance(model, WithStreams) and P in model.stream_sets.values():
        model.set_streams(P)
        return
    length = plan.settings.prefix_tokens if plan.init in OF_TEXT else LENGTH
    add_streams(
        model,
        init=plan.init,
        sample=sample(tokenizer, texts, length, least=P) if plan.init != "random" and texts else None,
        seed=plan.seed,
        **replace(plan.settings, fade=plan.fade).to_dict(),
    )
