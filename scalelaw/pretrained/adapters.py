"""LoRA on the base of streams: merged into checkpoints, and loaded from beside the streams trained with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scalelaw.errors import PretrainedError
from scalelaw.extras import need

CONFIG, LORA, STREAMS, MODEL = "adapter_config.json", "lora", "streams", "model"


def has_lora(model: Any) -> bool:
    """Whether there is LoRA on a model."""
    return any(".lora_" in name for name, _ in model.named_parameters())


@torch.no_grad()
def merged(model: Any, state: dict[str, Tensor], *, alone: bool = False) -> dict[str, Tensor]:
    """A model's tensors with LoRA merged into those of the base, under the names that they have without it.

    The model stays as it is. LoRA's own tensors are kept beside them, unless they are left ``alone``, so that training
    can go on from a checkpoint; transformers ignores them where there is no LoRA.

    Raises
    ------
    PretrainedError
        If what is on the base is not plain LoRA on linear layers.
    """
    made = dict(state)
    for name, module in _layers(model).items():
        if f"{name}.base_layer.weight" not in made:
            continue
        weight = made.pop(f"{name}.base_layer.weight")
        made[f"{name}.weight"] = _with_lora(name, module, weight, state)
        if f"{name}.base_layer.bias" in made:
            made[f"{name}.bias"] = made.pop(f"{name}.base_layer.bias")
    left = next((name for name in made if ".base_layer." in name), None)
    if left is not None:
        raise PretrainedError(f"{left} belongs to an adapter that is not LoRA; merge it before the model is saved")
    return {name: value for name, value in made.items() if not (alone and ".lora_" in name)}


def unmerged(model: Any, state: Any) -> Any:
    """What :func:`merged` made, as a model with LoRA takes it: its base, which is frozen, stays as it is."""
    made = dict(state)
    for name, module in _layers(model).items():
        for part, own in module.base_layer.named_parameters():
            if f"{name}.{part}" in made and f"{name}.base_layer.{part}" not in made:
                if own.requires_grad:
                    raise PretrainedError(
                        f"LoRA is merged into {name}.{part}, and the base under it is trained here; "
                        f"load the checkpoint as a model of its own"
                    )
                del made[f"{name}.{part}"]
                made[f"{name}.base_layer.{part}"] = own.detach()
    return made


@contextmanager
def as_without_adapter(model: Any) -> Iterator[None]:
    """For a while, a model that transformers writes whole, by the names of its class.

    After ``load_adapter`` it would write LoRA alone, without the streams, and by the names of LoRA's file.
    """
    loaded, names = getattr(model, "_hf_peft_config_loaded", False), getattr(model, "_weight_conversions", None)
    if not loaded:
        yield
        return
    model._hf_peft_config_loaded, model._weight_conversions = False, None
    try:
        yield
    finally:
        model._hf_peft_config_loaded, model._weight_conversions = loaded, names


def _layers(model: Any) -> dict[str, Any]:
    return {
        name: module
        for name, module in model.named_modules()
        if hasattr(module, "base_layer") and hasattr(module, "lora_A")
    }


def _with_lora(name: str, module: Any, weight: Tensor, state: dict[str, Tensor]) -> Tensor:
    plain = not module.lora_variant and not any(module.lora_bias.values()) and not len(module.lora_embedding_A)
    if not plain or weight.ndim != 2:
        raise PretrainedError(f"only plain LoRA on linear layers is merged, and {name} has another; use save_lora")
    if module.disable_adapters:
        return weight
    total = weight.float()
    for adapter in module.active_adapters:
        if adapter in module.lora_A and adapter not in module.merged_adapters:
            into, out = (state[f"{name}.lora_{part}.{adapter}.weight"].float() for part in "AB")
            change = (out @ into) * module.scaling[adapter]
            total = total + (change.T if getattr(module, "fan_in_fan_out", False) else change)
    return total.to(weight.dtype)


def inside(name: Any) -> Any:
    """What to load of a folder that ``train`` wrote, or of LoRA beside its streams; another name as it is."""
    place = Path(name)
    if not place.is_dir() or (place / "config.json").exists():
        return name
    if (place / CONFIG).exists():
        beside = place.parent / STREAMS
        return beside if place.name == LORA and (beside / CONFIG).exists() else name
    found = [place / each for each in (MODEL, STREAMS, LORA)]
    return next((each for each in found if (each / "config.json").exists() or (each / CONFIG).exists()), name)


def base_of_lora(name: Any) -> str | None:
    """The base that a folder of LoRA says; None where it is no such folder."""
    place = Path(name)
    if (place / "config.json").exists() or not (place / CONFIG).exists():
        return None
    try:
        described = json.loads((place / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(described, dict) or described.get("peft_type") != "LORA":
        return None
    base = described.get("base_model_name_or_path")
    if not base:
        raise PretrainedError(f"the LoRA in {place} does not say its base; load that and then call load_adapter")
    return str(base)


def load_lora(model: Any, folder: Path) -> Any:
    """Put LoRA from a folder on a model that has none, and return it."""
    need("peft", extra="pretrained", purpose="LoRA")
    if has_lora(model):
        raise PretrainedError(
            f"the model has LoRA already, and that in {folder} belongs to another base; load it alone"
        )
    try:
        model.load_adapter(str(folder))
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise PretrainedError(f"cannot load the LoRA in {folder} ({reason}); load it onto its own base") from error
    return model


def load_beside(model: Any, streams: Path, said: bool | None) -> Any:
    """Put on a model the LoRA that lies beside streams, where they were trained with one; ``said`` by their file."""
    beside = streams.resolve().parent / LORA
    there = (beside / CONFIG).exists()
    if said and not there:
        raise PretrainedError(
            f"the streams in {streams} were trained beside LoRA, and there is none in {beside}; put its folder there"
        )
    return load_lora(model, beside) if there and said is not False else model
