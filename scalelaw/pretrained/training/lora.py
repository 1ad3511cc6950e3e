"""LoRA on the base beside its streams, through peft."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from scalelaw.errors import PretrainedError
from scalelaw.extras import need
from scalelaw.pretrained.adapters import has_lora
from scalelaw.pretrained.asking import check_counts
from scalelaw.pretrained.decoder import attentions
from scalelaw.pretrained.model import is_streams


def add_lora(
    model: Any, rank: int = 8, *, alpha: int | None = None, targets: Sequence[str] | None = None, seed: int = 0
) -> Any:
    """Put LoRA on linear layers of the base, in place, and freeze the base; streams and LoRA are trained.

    LoRA's own matrices are float32 on a base of fewer digits, since small steps would be lost on such.

    The model keeps its class, so that ``generate``, ``streams=`` and ``save_streams`` work as before.

    Parameters
    ----------
    rank : int
    alpha : int, optional
        Twice the rank where none is given.
    targets : sequence of str, optional
        Ends of names of linear layers; all of the decoder's layers where none are given.

    Raises
    ------
    PretrainedError
        If the rank is below 1 or there is no such layer.
    MissingExtra
        If peft is not installed.
    """
    check_counts(rank=rank)
    peft: Any = need("peft", extra="pretrained", purpose="LoRA")
    if has_lora(model):
        raise PretrainedError("this model has LoRA already; train that, or convert the model to have it merged")
    names = tuple(targets) if targets is not None else linear_layers(model)
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=2 * rank if alpha is None else alpha,
        target_modules=list(names),
        task_type="CAUSAL_LM",
        base_model_name_or_path=model.config._name_or_path or None,
    )
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            peft.inject_adapter_in_model(config, model)
    except ValueError as error:
        raise PretrainedError(f"LoRA finds no layer named {', '.join(names)} in this model ({error})") from None
    model.peft_config = {"default": config}
    for name, value in model.named_parameters():
        if ".lora_" in name and value.dtype in (torch.bfloat16, torch.float16):
            value.data = value.data.float()
        value.requires_grad_("resting_streams." not in name and (is_streams(name) or ".lora_" in name))
    return model


def linear_layers(model: Any) -> tuple[str, ...]:
    """Last parts of the names of the linear layers within the decoder's layers, streams left out."""
    inside = {
        name.rsplit(".", 1)[-1]
        for name, module in model.get_decoder().named_modules()
        if isinstance(module, nn.Linear) and not is_streams(f"{name}.") and "resting_streams" not in name
    }
    if not inside or not attentions(model.get_decoder()):
        raise PretrainedError("this model has no linear layers for LoRA; train streams or all")
    return tuple(sorted(inside))


def save_lora(model: Any, folder: str | os.PathLike[str]) -> Path:
    """Save LoRA alone, as peft does: ``model.load_adapter(folder)`` or ``PeftModel.from_pretrained`` read it.

    Raises
    ------
    PretrainedError
        If the model has none.
    """
    peft: Any = need("peft", extra="pretrained", purpose="LoRA")
    if not getattr(model, "peft_config", None):
        raise PretrainedError("this model has no LoRA; put it on with add_lora")
    from safetensors.torch import save

    from scalelaw.files import write_atomically

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    state = peft.get_peft_model_state_dict(model, adapter_name="default")
    state = {_as_peft_names(name): value.detach().cpu().contiguous() for name, value in state.items()}
    write_atomically(place / "adapter_model.safetensors", save(state, metadata={"format": "pt"}))
    model.peft_config["default"].save_pretrained(str(place))
    return place


def _as_peft_names(name: str) -> str:
    return name if name.startswith("base_model.model.") else f"base_model.model.{name}"
