"""Parameters of a model with streams in the groups of the runs table, and the FLOPs of training it, P counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from torch import nn

from scalelaw.cost import Shape, parameters
from scalelaw.cost.training import train_flops
from scalelaw.errors import ScalelawError
from scalelaw.pretrained.families import SUFFIX
from scalelaw.pretrained.model import WithStreams, is_streams


def counts(model: Any, P: int | None = None) -> dict[str, int]:
    """N, N_backbone and the groups of a runs table, counted from the tensors themselves.

    Parameters
    ----------
    P : int, optional
        Count the first P streams of the set in place alone; all of them where none is given. Streams that rest, LoRA
        (which is merged into what it stands on) and, at P = 1 without a prefix, prefix and aggregator do not count.
    """
    groups = dict.fromkeys(("n_embedding", "n_attention", "n_mlp", "n_norm", "n_head"), 0)
    head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    for name, value in model.named_parameters():
        if is_streams(name) or "resting_streams." in name or ".lora_" in name:
            continue
        groups[_group(name, value, head=head, embedding=embedding)] += value.numel()
    backbone = groups["n_attention"] + groups["n_mlp"] + groups["n_norm"]
    prefix, aggregator = _streams(model, P)
    return {
        "N": backbone + prefix + aggregator,
        "N_backbone": backbone,
        **groups,
        "n_prefix": prefix,
        "n_aggregator": aggregator,
    }


def _group(name: str, value: Any, *, head: Any, embedding: Any) -> str:
    if embedding is not None and value is embedding.weight:
        return "n_embedding"
    if head is not None and any(value is each for each in head.parameters()):
        return "n_head"
    if value.ndim == 1 and "norm" in name.lower():
        return "n_norm"
    return "n_attention" if "attn" in name or "attention" in name else "n_mlp"


def _streams(model: Any, P: int | None) -> tuple[int, int]:
    """Parameters of prefixes, merged, and of the aggregator, for the first P streams."""
    if not isinstance(model, WithStreams):
        return 0, 0
    decoder: Any = model.get_decoder()  # type: ignore[attr-defined]
    settings = decoder.stream_settings
    P = model.streams if P is None else P
    if settings.streams == 1 or (P == 1 and not settings.nested):
        return 0, 0
    slots = P * settings.prefix_tokens
    prefix = sum(each.count * slots * (each.key + each.value) for each in decoder.stream_heads.values())
    one: dict[str, Any] = {"layers": 1, "heads": 1, "kv_heads": 1, "head_size": 2, "ffn": 1, "vocabulary": 1}
    shape = Shape(width=decoder.config.hidden_size, aggregation=settings.aggregation, **one)
    return prefix, parameters(shape, P)["n_aggregator"]


def shape_of(model: Any) -> Shape | None:
    """The sizes of a model's matrices, which FLOPs are counted by; None where they are not those of the model.

    What ``config.json`` says is compared with the matrices that there are: experts, latent attention and the like are
    none of a :class:`~scalelaw.cost.Shape`.
    """
    values = {**model.config.to_dict(), "model_type": model.config.model_type.removesuffix(SUFFIX)}
    told = {
        "prefix_tokens": values.get("parscale_n_tokens", 48),
        "aggregation": values.get("parscale_aggregation", "mlp"),
    }
    matrices = sum(
        value.numel()
        for within, module in model.get_decoder().named_modules()
        for name, value in module.named_parameters(prefix=within, recurse=False)
        if value.ndim > 1
        and not isinstance(module, nn.Embedding)
        and not (is_streams(name) or "resting_streams." in name or ".lora_" in name)
    )
    for shape in _shapes(values):
        if _matrices(shape) == matrices:
            return replace(shape, **told)
    return None


def _shapes(values: dict[str, Any]) -> Iterator[Shape]:
    """As the family is known to be, or as most are."""
    with suppress(ScalelawError):
        yield Shape.from_config(values)
    heads, width = values.get("num_attention_heads"), values.get("hidden_size")
    with suppress(ScalelawError, TypeError, KeyError):
        shape = Shape(
            layers=values["num_hidden_layers"],
            width=width,  # type: ignore[arg-type]
            heads=heads,  # type: ignore[arg-type]
            kv_heads=values.get("num_key_value_heads") or heads,  # type: ignore[arg-type]
            head_size=values.get("head_dim") or width // heads,  # type: ignore[operator]
            ffn=values["intermediate_size"],
            vocabulary=values["vocab_size"],
        )
        yield from (shape, replace(shape, gated=False))


def _matrices(shape: Shape) -> int:
    """Weights of a shape's matrices, all layers."""
    attention = 2 * shape.width * shape.head_size * (shape.heads + shape.kv_heads)
    return shape.layers * (attention + (3 if shape.gated else 2) * shape.width * shape.ffn)


def flops(model: Any, P: int, *, tokens: int, context: int, trained: str, checkpointing: bool = False) -> float | None:
    """Training FLOPs of so many tokens of text with P streams; see :func:`scalelaw.cost.train_flops`.

    LoRA costs what training the streams does, and what its own matrices take: 6 P a parameter and token. Of a nested
    set one stream has a prefix, too. None where the model's matrices are not those of a :class:`~scalelaw.cost.Shape`.
    """
    shape = shape_of(model)
    if shape is None:
        return None
    nested = isinstance(model, WithStreams) and model.get_decoder().stream_settings.nested  # type: ignore[attr-defined]
    adapters: int = sum(value.numel() for name, value in model.named_parameters() if ".lora_" in name)
    return 6.0 * P * tokens * adapters + train_flops(
        replace(shape, prefix_at_one=nested),
        P,
        tokens=tokens,
        context=context,
        trained="all" if trained == "all" else "streams",
        checkpointing=checkpointing,
    )
