"""Full checkpoints in the released format, and the merging of reparameterised prefixes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from scalelaw.errors import PretrainedError
from scalelaw.files import write_atomically
from scalelaw.harness.rope import rope_of
from scalelaw.pretrained.adapters import merged
from scalelaw.pretrained.decoder import attentions
from scalelaw.pretrained.model import WithStreams
from scalelaw.pretrained.settings import enter


@torch.no_grad()
def merge(model: Any) -> Any:
    """Make the set in place one of plain parameters, of the same function, and return the model.

    A reparameterised prefix becomes the keys and values that it makes; a gate that has opened is taken away.

    Raises
    ------
    PretrainedError
        If there are no streams in place, or their prefix has not faded in.
    """
    decoder: Any = cast(Any, model).get_decoder() if isinstance(model, WithStreams) else None
    if decoder is None or decoder.stream_settings.streams == 1:
        raise PretrainedError("this model has no streams in place; add or load some first")
    settings = decoder.stream_settings
    if settings.fade:
        passes = int(decoder.prefix_passes)
        if passes < settings.fade:
            raise PretrainedError(
                f"the prefix has faded in over {passes} of {settings.fade} training passes, and no other format has a "
                f"place for that; train on, or begin with init='text'"
            )
        del decoder.prefix_passes
    if settings.prefix == "reparameterised":
        for index, module in attentions(decoder).items():
            k, v = decoder.prefix_maker(index)
            module.prefix_k, module.prefix_v = nn.Parameter(k.clone()), nn.Parameter(v.clone())
        del decoder.prefix_maker
    decoder.stream_settings = replace(settings, prefix="direct", fade=0)
    enter(decoder.stream_settings, model.config)
    return model


def convert(model: Any, folder: str | os.PathLike[str], *, tokenizer: Any = None) -> Path:
    """Write a model with streams as one checkpoint in the released format, into a folder that is not there yet.

    Prefixes are merged, and streams in float32 rounded to the base's type, in the model too; LoRA is merged in what is
    written. For Qwen2 it is the format of the released ``qwen2_parscale`` checkpoints; for other families it is the
    same with their own names. The folder appears when it is complete.

    Parameters
    ----------
    tokenizer : optional
        Saved beside the weights.

    Raises
    ------
    PretrainedError
        If the format has no place for what the model has, or the folder exists.
    """
    place = Path(folder)
    if place.exists():
        raise PretrainedError(f"{place} exists already; name a new folder")
    if getattr(model.config, "parscale_aggregation", "mlp") != "mlp":
        raise PretrainedError(
            f"the released format knows no aggregation but mlp, and this model has "
            f"{model.config.parscale_aggregation}; keep it with save_pretrained instead"
        )
    merge(model)
    _in_one_type(model)
    place.parent.mkdir(parents=True, exist_ok=True)
    staged = place.with_name(f".{place.name}.{secrets.token_hex(6)}.tmp")
    try:
        model.save_pretrained(staged, state_dict=merged(model, model.state_dict(), alone=True))
        if tokenizer is not None:
            tokenizer.save_pretrained(staged)
        _name_rope_as_released(staged / "config.json", model.config)
        staged.rename(place)
    except OSError as error:
        raise PretrainedError(f"cannot write {place}: {error.strerror or error}; choose another place") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return place


@torch.no_grad()
def _in_one_type(model: Any) -> None:
    """Round streams that are kept in float32 to the type of the base, which is that of a whole checkpoint."""
    decoder = model.get_decoder()
    for _, value in model.stream_parameters():
        value.data = value.data.to(model.dtype)
    decoder.stream_settings = replace(decoder.stream_settings, precision="base")
    enter(decoder.stream_settings, model.config)


def _name_rope_as_released(path: Path, config: Any) -> None:
    """Say what released code, for transformers 4, would otherwise take its own default for."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    rope = rope_of(config.to_dict())
    if rope.base is not None and rope.kind == "default":
        saved["rope_theta"] = rope.base
    saved |= {"parscale_n": config.parscale_n, "parscale_n_tokens": config.parscale_n_tokens}
    saved |= {"parscale_attn_smooth": config.parscale_attn_smooth, "torch_dtype": saved.get("dtype")}
    write_atomically(path, json.dumps(saved, indent=2, sort_keys=True) + "\n")
