"""Weights in the format of the released Qwen2ParScale models, to and from the harness's own.

The released tensors are unfused and named as in transformers' Qwen2; prefixes lie in the attention of each layer; and
the aggregator's input interleaves the streams: feature j = W index * P + p, where the harness keeps a stream's features
together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from scalelaw.cost import Shape
from scalelaw.errors import HarnessError, ScalelawError
from scalelaw.harness.cell import Streams
from scalelaw.harness.model import EPSILON, ROPE_BASE, Model, Prefix
from scalelaw.harness.rope import rope_of

AGGREGATOR = "model.aggregate_layer"
STREAMS = ("parscale_n", "parscale_n_tokens", "parscale_attn_smooth")


def from_released(weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> Model:
    """A model from released weights.

    Parameters
    ----------
    weights : mapping of str to Tensor
        The state dict, such as ``safetensors.torch.load_file`` reads; a tied head may be missing.
    config : mapping
        What ``config.json`` holds.

    Raises
    ------
    HarnessError
        If the configuration asks for what the harness does not have or leaves out what it needs, or if a tensor is
        missing, left over, or of another size.
    """
    model = Model(shape_of(config), _streams_of(config))
    given = dict(weights)
    if model.shape.tied:
        given.pop("lm_head.weight", None)
    _check_tensors(given, _released(model))
    names = _names(model.shape, model.streams.count)
    state = {name: _fused([given[each] for each in parts], parts, model) for name, parts in names.items()}
    model.load_state_dict({**model.state_dict(), **state})
    return model


def to_released(model: Model) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Released weights and configuration of a model; reparameterised prefixes are merged.

    Raises
    ------
    HarnessError
        If the model has what the format cannot hold: an aggregation other than the MLP, one stream with a prefix, or a
        prefix that has not faded in.
    """
    shape, P = model.shape, model.streams.count
    if P > 1 and shape.aggregation != "mlp":
        raise HarnessError(f"the released format knows no aggregation but mlp, and this model has {shape.aggregation}")
    if P == 1 and shape.prefix_slots(1):
        raise HarnessError("the released format has no prefix at one stream, and this model has one")
    if model.prefix_gate < 1 and shape.prefix_slots(P):
        raise HarnessError("the prefix of this model has not faded in, and the released format has no place for that")
    if not (model.prefix is None or isinstance(model.prefix, Prefix)):
        return to_released(model.merged())
    return {name: value.clone().contiguous() for name, value in _released(model).items()}, config_of(model)


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The shape that a released configuration describes.

    Raises
    ------
    HarnessError
        If the configuration asks for what the harness does not have, or leaves out what it needs.
    """
    _check_settings(config)
    said = {name: value for name, value in config.items() if value is not None}
    try:
        shape = Shape.from_config({**said, "model_type": "qwen2_parscale"})
    except ScalelawError as error:
        raise HarnessError(str(error)) from None
    if shape.aggregation != "mlp":
        raise HarnessError(f"the released format knows no aggregation but mlp, and this is one of {shape.aggregation}")
    return shape


def _check_settings(config: Mapping[str, Any]) -> None:
    """Refuse what shapes and streams do not tell, where it is not the harness's."""
    if (kind := config.get("model_type", "qwen2_parscale")) not in ("qwen2_parscale", "qwen2"):
        raise HarnessError(f"the released format is that of Qwen2 models, and the configuration is of {kind}")
    if missing := [name for name in STREAMS if config.get(name) is None]:
        raise HarnessError(
            f"the configuration does not say {' and '.join(missing)}; to a plain Qwen2 model, which is one stream, add "
            "parscale_n = 1, parscale_n_tokens = 48 and parscale_attn_smooth = 0.1"
        )
    rope = rope_of(config)
    said = {**config, "rope_type": rope.kind, "rope_theta": ROPE_BASE if rope.base is None else rope.base}
    wanted = {"rope_type": "default", "rope_theta": ROPE_BASE, "rms_norm_eps": EPSILON, "hidden_act": "silu"}
    for name, value in {**wanted, "use_sliding_window": False}.items():
        if said.get(name, value) != value:
            raise HarnessError(
                f"the harness has {name} = {value}, and the configuration says {said[name]}; scalelaw.pretrained loads "
                "such a model through transformers"
            )


def config_of(model: Model) -> dict[str, Any]:
    """The released configuration of a model."""
    shape = model.shape
    usual = shape.width == shape.heads * shape.head_size  # what is taken for granted where nothing is said
    return {
        "model_type": "qwen2_parscale",
        "architectures": ["Qwen2ParScaleForCausalLM"],
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.width,
        "intermediate_size": shape.ffn,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        **({} if usual else {"head_dim": shape.head_size}),
        "hidden_act": "silu",
        "rms_norm_eps": EPSILON,
        "rope_theta": ROPE_BASE,
        "tie_word_embeddings": shape.tied,
        "parscale_n": model.streams.count,
        "parscale_n_tokens": shape.prefix_tokens,
        "parscale_attn_smooth": model.streams.smoothing,
    }


def _streams_of(config: Mapping[str, Any]) -> Streams:
    try:
        return Streams(count=config["parscale_n"], smoothing=config["parscale_attn_smooth"])
    except ScalelawError as error:
        raise HarnessError(str(error)) from None


def _check_tensors(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Refuse weights whose names or sizes are not those wanted."""
    for name in wanted:
        if name not in given:
            raise HarnessError(f"the weights have no tensor {name!r}; they do not fit their configuration")
    if left := sorted(set(given) - set(wanted)):
        raise HarnessError(f"the weights hold {left[0]!r}, which the configuration has no place for")
    for name, value in wanted.items():
        found, asked = (" x ".join(map(str, each.shape)) for each in (given[name], value))
        if found != asked:
            raise HarnessError(
                f"tensor {name!r} is {found}, and by the configuration {asked}; take the config.json of these weights"
            )


def _names(shape: Shape, P: int) -> dict[str, tuple[str, ...]]:
    """Released tensors that make up each of the harness's, in the order in which they are stacked."""
    names: dict[str, tuple[str, ...]] = {
        "embedding.weight": ("model.embed_tokens.weight",),
        "norm.weight": ("model.norm.weight",),
    }
    for i in range(shape.layers):
        ours, theirs = f"blocks.{i}", f"model.layers.{i}"
        names |= {
            f"{ours}.attention_norm.weight": (f"{theirs}.input_layernorm.weight",),
            f"{ours}.mlp_norm.weight": (f"{theirs}.post_attention_layernorm.weight",),
            f"{ours}.attention.qkv.weight": tuple(f"{theirs}.self_attn.{each}_proj.weight" for each in "qkv"),
            f"{ours}.attention.out.weight": (f"{theirs}.self_attn.o_proj.weight",),
            f"{ours}.mlp.gate_up.weight": (f"{theirs}.mlp.gate_proj.weight", f"{theirs}.mlp.up_proj.weight"),
            f"{ours}.mlp.down.weight": (f"{theirs}.mlp.down_proj.weight",),
        }
        if shape.bias:
            names[f"{ours}.attention.qkv.bias"] = tuple(f"{theirs}.self_attn.{each}_proj.bias" for each in "qkv")
    if not shape.tied:
        names["head.weight"] = ("lm_head.weight",)
    if P > 1:
        for each in "kv" if shape.prefix_tokens else "":
            names[f"prefix.{each}"] = tuple(f"model.layers.{i}.self_attn.prefix_{each}" for i in range(shape.layers))
        for ours, theirs in (("inner", "0"), ("outer", "2")):
            for kind in ("weight", "bias"):
                names[f"aggregator.{ours}.{kind}"] = (f"{AGGREGATOR}.{theirs}.{kind}",)
    return names


def _released(model: Model) -> dict[str, Tensor]:
    """The tensors of a model by released names, some of them views of its own."""
    state, shape, P = model.state_dict(), model.shape, model.streams.count
    tensors: dict[str, Tensor] = {}
    for name, parts in _names(shape, P).items():
        tensors |= _parted(state[name], parts, shape, P)
    return tensors


def _fused(taken: list[Tensor], parts: tuple[str, ...], model: Model) -> Tensor:
    """The tensor of the harness's that released ones make up."""
    taken = [each.float() for each in taken]
    if parts == (f"{AGGREGATOR}.0.weight",):
        return taken[0].unflatten(1, (model.shape.width, model.streams.count)).transpose(1, 2).flatten(1)
    if "prefix_" in parts[0]:
        return torch.stack(taken)
    return torch.cat(taken) if len(taken) > 1 else taken[0]


def _parted(value: Tensor, parts: tuple[str, ...], shape: Shape, P: int) -> dict[str, Tensor]:
    """The released tensors that one of the harness's holds."""
    if parts == (f"{AGGREGATOR}.0.weight",):
        return {parts[0]: value.unflatten(1, (P, shape.width)).transpose(1, 2).flatten(1)}
    if "prefix_" in parts[0]:
        return dict(zip(parts, value.unbind(), strict=True))
    kv = shape.kv_heads * shape.head_size
    sizes = {1: [len(value)], 2: [shape.ffn] * 2, 3: [shape.heads * shape.head_size, kv, kv]}[len(parts)]
    return dict(zip(parts, value.split(sizes), strict=True))
