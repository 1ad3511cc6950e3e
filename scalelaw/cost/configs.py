"""Shapes of Hugging Face models, from config.json."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scalelaw.cost.shape import Shape
from scalelaw.errors import ScalelawError

Config = Mapping[str, Any]


def _qwen2(config: Config) -> dict[str, Any]:
    """Qwen2, and the released Qwen2ParScale."""
    return {"bias": True, "prefix_tokens": config.get("parscale_n_tokens", 48)}


def _llama(config: Config) -> dict[str, Any]:
    attention = bool(config.get("attention_bias", False))
    return {"bias": attention, "out_bias": attention, "mlp_bias": bool(config.get("mlp_bias", False))}


def _qwen3(config: Config) -> dict[str, Any]:
    attention = bool(config.get("attention_bias", False))
    return {"bias": attention, "out_bias": attention, "qk_norm": True}


def _starcoder2(config: Config) -> dict[str, Any]:
    bias = bool(config.get("use_bias", True))
    return {"bias": bias, "out_bias": bias, "mlp_bias": bias, "norm_bias": True, "gated": False}


FAMILIES: Mapping[str, tuple[Callable[[Config], dict[str, Any]], bool]] = {
    "qwen2": (_qwen2, False),
    "qwen2_parscale": (_qwen2, False),
    "qwen3": (_qwen3, False),
    "llama": (_llama, False),
    "mistral": (_llama, False),
    "gemma": (_llama, True),
    "phi3": (_llama, False),
    "starcoder2": (_starcoder2, True),
}
"""By ``model_type``: what else of a shape a configuration says, and whether heads are tied where it does not say."""

_FIELDS = {
    "layers": "num_hidden_layers",
    "width": "hidden_size",
    "heads": "num_attention_heads",
    "ffn": "intermediate_size",
    "vocabulary": "vocab_size",
}


def shape_from_config(config: Any) -> Shape:
    """The shape of :meth:`Shape.from_config`."""
    values = _read(config)
    kind = str(values.get("model_type"))
    kind = kind if kind in FAMILIES else kind.removesuffix("_parscale")
    if kind not in FAMILIES:
        raise ScalelawError(
            f"a shape can be read from a config.json of {', '.join(FAMILIES)}, and this one is of {kind}; "
            f"if its layers are alike, make a Shape from its sizes"
        )
    if any(values.get(name) for name in ("num_experts", "num_local_experts", "n_routed_experts")):
        raise ScalelawError("this config.json is of a model with experts, and a Shape is of a dense one")
    missing = [name for name in _FIELDS.values() if name not in values]
    if missing:
        raise ScalelawError(f"the config.json of this {kind} model does not say {' and '.join(missing)}; add it")
    describe, tied = FAMILIES[kind]
    sizes = {field: values[name] for field, name in _FIELDS.items()}
    for name in _FIELDS.values():
        if isinstance(values[name], bool) or not isinstance(values[name], int):
            raise ScalelawError(f"the config.json says {name} = {values[name]!r}; it must be a whole number")
    heads, width = sizes["heads"], sizes["width"]
    head_size = values.get("head_dim")
    if head_size is None and (not heads or width % heads):
        raise ScalelawError(f"{heads} heads do not divide the width {width}; the config.json should say head_dim")
    return Shape(
        **sizes,
        kv_heads=values.get("num_key_value_heads") or heads,
        head_size=head_size if head_size is not None else width // heads,
        tied=bool(values.get("tie_word_embeddings", tied)),
        **{**describe(values), **_streams(values)},
    )


def _streams(config: Config) -> dict[str, Any]:
    """What a configuration with streams says of them."""
    names = {"prefix_tokens": "parscale_n_tokens", "aggregation": "parscale_aggregation"}
    return {field: config[name] for field, name in names.items() if name in config}


def _read(config: Any) -> Config:
    """The configuration as a mapping, from a path or an object."""
    if isinstance(config, str | os.PathLike):
        path = Path(config)
        path = path / "config.json" if path.is_dir() else path
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ScalelawError(f"cannot read {path}: {error.strerror or error}; name a config.json") from None
        except ValueError:
            raise ScalelawError(f"{path} is not JSON; name the config.json of a model") from None
    elif hasattr(config, "to_dict"):
        config = config.to_dict()
    if not isinstance(config, Mapping):
        raise ScalelawError("a configuration is what config.json holds, that file, or the folder it is in")
    text = config.get("text_config")
    return text if isinstance(text, Mapping) and "hidden_size" not in config else config
