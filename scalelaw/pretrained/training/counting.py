"""Parameters of a model with streams in the groups of the runs table, and the FLOPs of training it, P counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scalelaw.cost import Shape, parameters
from scalelaw.cost.training import train_flops
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
    shape = replace(shape_of(model), aggregation=settings.aggregation)
    return prefix, parameters(shape, P)["n_aggregator"]


def shape_of(model: Any) -> Shape:
    """The sizes of a model's matrices, which FLOPs are counted by; norms and biases are not, and may differ."""
    config = model.config
    heads = config.num_attention_heads
    return Shape(
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        heads=heads,
        kv_heads=getattr(config, "num_key_value_heads", None) or heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // heads,
        ffn=config.intermediate_size,
        vocabulary=config.vocab_size,
        prefix_tokens=getattr(config, "parscale_n_tokens", 48),
        aggregation=getattr(config, "parscale_aggregation", "mlp"),
    )


def flops(model: Any, P: int, *, tokens: int, context: int, trained: str, checkpointing: bool = False) -> float:
    """Training FLOPs of so many tokens of text with P streams; see :func:`scalelaw.cost.train_flops`.

    LoRA costs what training the streams does, and what its own matrices take: 6 P a parameter and token.
    """
    adapters: int = sum(value.numel() for name, value in model.named_parameters() if ".lora_" in name)
    return 6.0 * P * tokens * adapters + train_flops(
        shape_of(model),
        P,
        tokens=tokens,
        context=context,
        trained="all" if trained == "all" else "streams",
        checkpointing=checkpointing,
    )
