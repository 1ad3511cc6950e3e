"""Streams on a model that has already been trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.attention import implementation
from scalelaw.pretrained.decoder import DEFAULT, attentions, install, note_heads, put_in_place, sizes_of
from scalelaw.pretrained.families import _enter, config_class, model_class
from scalelaw.pretrained.initial import Initial, initialise
from scalelaw.pretrained.model import WithStreams, is_streams
from scalelaw.pretrained.prefixes import Heads
from scalelaw.pretrained.resting import lift
from scalelaw.pretrained.settings import Aggregation, Kind, Precision, Settings, enter
from scalelaw.pretrained.statistics import before, made_up, probe, read

FADE = 100  # training passes, of near-identity


def add_streams(
    model: Any,
    streams: int = 4,
    prefix_tokens: int = 48,
    *,
    init: Initial = "near-identity",
    prefix: Kind = "direct",
    aggregation: Aggregation = "mlp",
    smoothing: float = 0.1,
    scale: float = 1.0,
    fade: int = FADE,
    sample: Tensor | None = None,
    precision: Precision = "float32",
    nested: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> Any:
    """Put P parallel streams on a causal language model of transformers, in place, and return it.

    The model stays a model of transformers: ``Trainer``, ``generate``, ``save_pretrained`` and the Auto classes take
    it. All its parameters stay trainable as they were; :func:`trainable` chooses.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A decoder whose attention goes through transformers' attention interface, with ``sdpa`` or ``eager`` attention.
        One that has streams already is given another set, which is chosen; the others stay in memory.
    streams : int
        P. With 1 nothing is added.
    prefix_tokens : int
        Slots of keys and values of each stream in every layer.
    init : {"near-identity", "text", "statistics", "random"}
        How the prefixes begin. The default begins as exactly the model without streams, which runs once for all of
        them until the first training pass, and lets the prefix fade in over ``fade`` passes: keys and values that the
        model makes of a text, another one for each stream. ``text`` begins with them at once; ``statistics`` draws keys
        and values with the mean and deviation of the model's own; ``random`` with deviation ``scale``.
    prefix : {"direct", "reparameterised"}
        As parameters, or as the output of a small MLP, as the paper trained them; :func:`convert` merges it.
    aggregation : {"mlp", "linear", "mean"}
        What weighs the streams.
    smoothing : float
        epsilon, from 0 to 1.
    sample : Tensor, optional
        Token ids (B, S), of which runs of ``prefix_tokens`` are what streams begin with, and ``statistics`` are taken;
        drawn evenly from the vocabulary where none are given. Text like that of the training is better.
    precision : {"base", "float32"}
        Type of what is added: float32, which small steps of training need on a base in bfloat16, or the base's. It is
        kept through saving and loading.
    nested : bool
        The set is to be trained with :class:`~scalelaw.pretrained.training.callbacks.Nested`, so that its first 1, 2,
        4, ... streams serve alone: ``streams=2`` then takes the first two.
    name : str, optional
        What the set is called; ``default``, or ``pP`` where that is taken.

    Raises
    ------
    PretrainedError
        If the attention of the model cannot carry a prefix, or a setting cannot be.

    Source
    ------
    arXiv 2505.10475; the near-identity beginning and the statistics are not the paper's.
    """
    if init not in get_args(Initial):
        raise PretrainedError(f"init is {init!r}; it is one of {', '.join(get_args(Initial))}")
    given: Any = scale
    if isinstance(given, bool) or not isinstance(given, Real) or not 0 < cast(float, given) < math.inf:
        raise PretrainedError(f"scale is {scale!r}; it must be a finite number above 0")
    _check_sample(model, sample)
    settings = Settings(
        streams=streams,
        prefix_tokens=prefix_tokens,
        smoothing=smoothing,
        aggregation=aggregation,
        prefix=prefix,
        fade=fade if init == "near-identity" and streams != 1 else 0,
        precision=precision,
        nested=nested,
    )
    streams = settings.streams
    room = find_room(model, settings, name=name)
    own = _own(model, settings, init, sample, seed) if streams > 1 else {}
    put(model, room)
    if streams > 1:
        initialise(model.get_decoder(), scale=scale, seed=seed, **own)
    return model


def _check_sample(model: Any, sample: Any) -> None:
    if sample is None:
        return
    if not isinstance(sample, Tensor) or sample.dim() != 2 or sample.is_floating_point() or not sample.numel():
        raise PretrainedError("the sample is no tensor of token ids (B, S); give what a tokenizer returns")
    size = getattr(getattr(model, "config", None), "vocab_size", None)
    if size is not None and not 0 <= int(sample.min()) <= int(sample.max()) < size:
        raise PretrainedError(
            f"the sample has token ids from {int(sample.min())} to {int(sample.max())}, and the model those from 0 to "
            f"{size - 1}; take its own tokenizer"
        )


def _own(model: Any, settings: Settings, init: Initial, sample: Tensor | None, seed: int) -> dict[str, Any]:
    """What the model makes of a text, as its prefixes begin with it; nothing for those that are drawn at random."""
    decoder = model.get_decoder()
    if init == "random":
        return {}
    with carrying(model):
        if init == "statistics":
            return {"spreads": probe(decoder, made_up(decoder, seed) if sample is None else sample).spreads}
        return {"read": read(decoder, before(decoder, sample, settings.streams, settings.prefix_tokens, seed))}


@dataclass(frozen=True)
class Room:
    """Where a set of streams can go in a model, found before anything in it changes.

    Attributes
    ----------
    sizes : mapping
        Shapes of the tensors that the set will have, by their names in the model.
    """

    settings: Settings
    name: str
    heads: Mapping[int, Heads]
    sizes: Mapping[str, torch.Size]


def find_room(model: Any, settings: Settings, *, name: str | None = None) -> Room:
    """See whether a model can carry a set of streams; it is left as it was.

    Raises
    ------
    PretrainedError
        If it cannot, or has a set of that name already.
    """
    longest = getattr(getattr(model, "config", None), "max_position_embeddings", None)
    if longest is not None and settings.prefix_tokens > longest:
        raise PretrainedError(
            f"a prefix of {settings.prefix_tokens} slots is longer than the context of this model, {longest}; "
            f"use a shorter one"
        )
    has = isinstance(model, WithStreams)
    name = _free_name(model.stream_sets if has else {}, settings, name)
    heads = model.get_decoder().stream_heads if has else _examine(model)
    decoder = model.get_decoder()
    within = next(path for path, module in model.named_modules() if module is decoder)
    try:
        return Room(settings, name, heads, sizes_of(decoder, settings, heads, within=within))
    except (RuntimeError, TypeError):  # a product, or a number, beyond 64 bits
        raise PretrainedError(
            f"{settings.streams} streams of {settings.prefix_tokens} slots are more than a tensor holds; ask for fewer"
        ) from None


def put(model: Any, room: Room) -> None:
    """Put a set of streams, not yet initialised, where there is room for it, and choose it."""
    if isinstance(model, WithStreams):
        decoder = cast(Any, model).get_decoder()
        lift(decoder)
        put_in_place(decoder, room.settings, name=room.name)
        enter(room.settings, model.config)
        return
    config = model.config
    model.set_attn_implementation(implementation(config._attn_implementation))
    config.__class__ = config_class(type(config))
    vars(config).pop("model_type", None)  # one that was read from a file has the old one of its own
    model.__class__ = model_class(type(model))
    enter(room.settings, config)
    note_heads(model.get_decoder(), room.heads, config)
    install(model.get_decoder(), room.settings, room.heads, name=room.name)
    _enter(type(model))


def _free_name(taken: Mapping[str, int], settings: Settings, name: str | None) -> str:
    if name is None:
        name = DEFAULT if DEFAULT not in taken else f"p{settings.streams}"
    if not isinstance(name, str) or not name:
        raise PretrainedError(f"{name!r} cannot be the name of a set of streams; give some text")
    if name in taken:
        raise PretrainedError(f"the model has streams named {name!r} already; give these another name")
    return name


@contextmanager
def carrying(model: Any) -> Iterator[None]:
    """For a while, attention that can carry something down."""
    before = model.config._attn_implementation
    model.set_attn_implementation(implementation(before))
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _examine(model: Any) -> Any:
    """Heads of every layer, seen in one pass."""
    kind = type(model).__name__
    refusal = (
        f"{kind} does not run all attention through transformers' attention interface, so it cannot carry a prefix; "
        f"use a decoder that does, such as Qwen2, Llama or Mistral"
    )
    config = getattr(model, "config", None)
    if hasattr(model, "get_base_model"):
        raise PretrainedError(
            f"this {kind} wraps a model; put streams on that first, then LoRA beside them with "
            f"scalelaw.pretrained.training.add_lora or the model's own add_adapter"
        )
    if config is None or not hasattr(model, "get_decoder") or getattr(config, "is_encoder_decoder", False):
        raise PretrainedError(f"{kind} is no causal language model of transformers; load one with AutoModelForCausalLM")
    if any(each.is_meta for each in model.parameters()):
        raise PretrainedError(f"this {kind} is on the meta device and has no weights yet; load them, then add streams")
    if not model._can_set_attn_implementation():
        raise PretrainedError(refusal)
    with carrying(model):
        try:
            note = probe(model.get_decoder(), torch.zeros(1, 1, dtype=torch.long, device=model.device))
        except (PretrainedError, TypeError):  # the argument is lost on its way down, or refused
            note = None
    if note is None or not note.heads or note.modules != attentions(model.get_decoder()):
        raise PretrainedError(refusal)
    if any(getattr(each, "is_causal", True) is False for each in note.modules.values()):
        raise PretrainedError(f"{kind} attends to what comes after a token, too; streams are put on causal decoders")
    return dict(sorted(note.heads.items()))


def trainable(model: Any, what: Literal["streams", "all"] = "streams") -> list[Tensor]:
    """Choose what is trained, and return the parameters that are.

    Parameters
    ----------
    what : {"streams", "all"}
        Prefixes and aggregator alone, with everything else frozen, so that its gradients are never built; or all.

    Raises
    ------
    PretrainedError
        If there are no streams to train.
    """
    if what not in ("streams", "all"):
        raise PretrainedError(f"what is trained is {what!r}; it is streams or all")
    if not isinstance(model, WithStreams) or (what == "streams" and not model.stream_parameters()):
        raise PretrainedError("this model has no streams to train; give it some with add_streams, with P above 1")
    named = cast(Any, model).named_parameters()
    chosen = []
    for name, parameter in named:
        wanted = "resting_streams." not in name and (what == "all" or is_streams(name))
        parameter.requires_grad_(wanted)
        if wanted:
            chosen.append(parameter)
    return chosen
