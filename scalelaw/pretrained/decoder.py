"""Streams in a decoder: copies of the batch before it, the weighted sum of them after it, as hooks of its own.

A decoder keeps its class and its code. One set of streams lies in place, its tensors named as in the released
checkpoints (``layers.*.self_attn.prefix_k``, ``aggregate_layer.0.weight``); others rest beside it. A batch of streams
is stream-major: row p B + i.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any, cast

import torch
from torch import Tensor, nn

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.aggregator import Aggregator
from scalelaw.pretrained.attention import ARGUMENT, NAMES
from scalelaw.pretrained.caching import make_room
from scalelaw.pretrained.mixed import Filling, Group, Mixed
from scalelaw.pretrained.prefixes import Heads, Maker, Prefixes, parameters_of, passes_of
from scalelaw.pretrained.selection import Asked, Key, by_row, requests_in, resolve
from scalelaw.pretrained.settings import Settings
from scalelaw.pretrained.shelf import Shelf

DEFAULT = "default"
"""Name of a set of streams that was given none."""


HEADS = "parscale_heads"
"""Where a model's ``config.json`` says layer, kv heads, sizes of a key and of a value, if its other fields do not."""


class InPlace:
    """The set of streams that lies in a decoder."""

    def __init__(self, decoder: Any):
        self.decoder = decoder
        self.settings: Settings = decoder.stream_settings

    @property
    def aggregator(self) -> Aggregator:
        return self.decoder.aggregate_layer

    @property
    def passes(self) -> Tensor | None:
        return getattr(self.decoder, "prefix_passes", None)

    def layer(self, module: Any) -> tuple[Tensor, Tensor]:
        if self.settings.prefix == "reparameterised":
            return self.decoder.prefix_maker(module.layer_idx)
        return module.prefix_k, module.prefix_v


def attentions(decoder: nn.Module) -> dict[int, Any]:
    """The attention of each layer that has one, by the layer's index."""
    found: dict[int, Any] = {
        cast(Any, module).layer_idx: module
        for module in decoder.modules()
        if isinstance(getattr(module, "layer_idx", None), int) and "Attention" in type(module).__name__
    }
    return dict(sorted(found.items()))


def heads_of(decoder: Any) -> dict[int, Heads]:
    """Keys and values of every layer, as the configuration says."""
    config = decoder.config
    if said := getattr(config, HEADS, None):
        return {index: Heads(*sizes) for index, *sizes in said}
    count = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    usual = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    sizes = {index: getattr(module, "head_dim", usual) for index, module in attentions(decoder).items()}
    return {index: Heads(count, size, size) for index, size in sizes.items()}


def note_heads(decoder: Any, heads: Mapping[int, Heads], config: Any) -> None:
    """Write keys and values of every layer into a model's configuration, where that says others or none."""
    try:
        said = heads_of(decoder)
    except (AttributeError, TypeError, RuntimeError):  # the last where layers differ in what is asked for
        said = {}
    if said != heads:
        setattr(config, HEADS, [[index, *astuple(each)] for index, each in heads.items()])


def install(decoder: Any, settings: Settings, heads: Mapping[int, Heads], *, name: str = DEFAULT) -> None:
    """Give a decoder its hooks and one set of streams, not yet initialised."""
    decoder.stream_argument_names = tuple(inspect.signature(decoder.forward).parameters)
    decoder.stream_heads = dict(heads)
    decoder.resting_streams = Shelf()
    decoder.stream_choice = None
    decoder.register_forward_pre_hook(spread, with_kwargs=True)
    decoder.register_forward_hook(gather, with_kwargs=True)
    put_in_place(decoder, settings, name=name)


def put_in_place(decoder: Any, settings: Settings, *, name: str) -> None:
    """Unset tensors for a set of streams; with one stream there are none."""
    decoder.stream_settings, decoder.stream_name = settings, name
    decoder.stream_choice = (name, tuple(range(settings.streams))) if settings.streams > 1 else None
    if settings.streams == 1:
        return
    like = next(decoder.parameters())
    kept_in = settings.kept_in(like.dtype)
    decoder.aggregate_layer = Aggregator(settings, decoder.config.hidden_size).to(like.device, kept_in)
    if settings.prefix == "reparameterised":
        decoder.prefix_maker = Maker(settings, decoder.stream_heads).to(like.device, kept_in)
    else:
        for index, module in attentions(decoder).items():
            module.prefix_k, module.prefix_v = parameters_of(
                settings, decoder.stream_heads[index], next(module.parameters()).new_empty(0, dtype=like.dtype)
            )
    if settings.fade:
        decoder.register_buffer("prefix_passes", passes_of(settings, like.device))


def sizes_of(
    decoder: Any, settings: Settings, heads: Mapping[int, Heads], *, within: str = ""
) -> dict[str, torch.Size]:
    """Shapes of the tensors that :func:`put_in_place` makes, by name, where the decoder lies ``within`` a model."""
    if settings.streams == 1:
        return {}
    names = {module: name for name, module in decoder.named_modules()}
    sizes: dict[str, torch.Size] = {}
    with torch.device("meta"):
        parts: dict[str, nn.Module] = {"aggregate_layer": Aggregator(settings, decoder.config.hidden_size)}
        if settings.prefix == "reparameterised":
            parts["prefix_maker"] = Maker(settings, heads)
    for part, module in parts.items():
        sizes |= {f"{part}.{name}": value.shape for name, value in module.state_dict().items()}
    for index, module in attentions(decoder).items() if settings.prefix == "direct" else ():
        for name, size in zip("kv", heads[index].sizes(settings.streams, settings.prefix_tokens), strict=True):
            sizes[f"{names[module]}.prefix_{name}"] = torch.Size(size)
    if settings.fade:
        sizes["prefix_passes"] = torch.Size(())
    return {f"{within}.{name}".lstrip("."): size for name, size in sizes.items()}


def spread(decoder: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[()], dict[str, Any]]:
    """Before the decoder: P copies of the batch, and the prefixes on their way to attention."""
    given = {**dict(zip(decoder.stream_argument_names, args, strict=False)), **kwargs}
    if ARGUMENT in given:
        return (), given
    if decoder.config._attn_implementation not in NAMES.values():
        raise PretrainedError(
            f"the attention of this model was set to {decoder.config._attn_implementation}, which carries no prefix; "
            f"set it with model.set_attn_implementation('sdpa')"
        )
    prefixes = _asked(decoder, given.pop("streams", None), given)
    _check_cache(given.get("past_key_values"), prefixes)
    given[ARGUMENT] = prefixes
    if prefixes is not None:
        make_room(given.get("past_key_values"))
        if prefixes.filling is not None:
            _place_by_mask(decoder, given)
        for name in ("input_ids", "inputs_embeds", "attention_mask", "position_ids", "token_type_ids"):
            value = given.get(name)
            if value is not None and not (name == "position_ids" and len(value) == 1):  # which then are those of all
                given[name] = prefixes.spread(value)
        _let_gradients_in(decoder, given)
    return (), given


def _asked(decoder: Any, asked: Asked, given: dict[str, Any]) -> Prefixes | Mixed | None:
    """What a call asks for: nothing, the same streams for every row, or each row's own."""
    if not by_row(asked):
        return _prefixes(decoder, resolve(decoder, asked))
    keys = [resolve(decoder, one) for one in requests_in(asked, len(_text(given)))]
    if len(set(keys)) == 1:
        return _prefixes(decoder, keys[0])
    rows = {key: [row for row, own in enumerate(keys) if own == key] for key in keys}
    return Mixed([Group(own, _prefixes(decoder, key)) for key, own in rows.items()])


def _text(given: Mapping[str, Any]) -> Tensor:
    """What is read: ids (B, S) or embeddings (B, S, W)."""
    return cast(Tensor, given.get("input_ids") if given.get("inputs_embeds") is None else given["inputs_embeds"])


def _place_by_mask(decoder: Any, given: dict[str, Any]) -> None:
    """Count positions from where the text of each row begins, as ``generate`` does, where padding is before it.

    Between tokens of a text only distances matter to most models, but a prefix lies before position 0. A row is placed
    by its own padding, whatever the others have; zeros within a text move nothing.
    """
    mask = given.get("attention_mask")
    if "position_ids" not in decoder.stream_argument_names or given.get("position_ids") is not None:
        return
    if not isinstance(mask, Tensor) or mask.dim() != 2:
        return
    if not torch.compiler.is_compiling() and bool(mask[:, 0].all()):  # no padding before the text
        return
    cache, length = given.get("past_key_values"), _text(given).shape[1]
    here = torch.arange(length, device=mask.device) + (0 if cache is None else cache.get_seq_length())
    padding = (mask.long().cumsum(-1) == 0).sum(-1, keepdim=True)
    given["position_ids"] = (here - padding).clamp(min=0)


def _prefixes(decoder: Any, key: Key | None) -> Prefixes | None:
    return None if key is None else Prefixes(parts_of(decoder, key[0]), key)


def gather(decoder: Any, _args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
    """After the decoder: the weighted sum of the streams in the place of their hidden states."""
    prefixes = kwargs.get(ARGUMENT)
    if not isinstance(prefixes, Prefixes | Mixed):
        return output
    mixed = prefixes.gathered(output[0])
    if decoder.training and torch.is_grad_enabled():
        prefixes.count_pass()
    if isinstance(output, tuple):
        return (mixed, *output[1:])
    _mark(getattr(output, "past_key_values", None), prefixes.filling)
    output["last_hidden_state"] = mixed
    if getattr(output, "hidden_states", None):
        output["hidden_states"] = (*output.hidden_states[:-1], mixed)
    return output


def parts_of(decoder: Any, name: str) -> Any:
    """The parts of a set of streams, in place or resting."""
    return InPlace(decoder) if name == decoder.stream_name else decoder.resting_streams[name]


def _check_cache(cache: Any, prefixes: Prefixes | Mixed | None) -> None:
    """Refuse a cache that was filled by another set of streams, or by none."""
    if cache is None or torch.compiler.is_compiling():
        return
    filling = None if prefixes is None else prefixes.filling
    if not hasattr(cache, "get_seq_length"):
        raise PretrainedError(f"past_key_values is a {type(cache).__name__}; give a Cache of transformers, or none")
    mark = getattr(cache, "scalelaw_streams", None)
    if mark == filling:
        return
    if int(cache.get_seq_length()):
        raise PretrainedError(
            f"this cache was filled by {_named(mark)} and cannot go on with {_named(filling)}; "
            f"begin with an empty cache, or ask for the streams that filled it"
        )
    _mark(cache, filling)


def _mark(cache: Any, filling: Key | Filling | None) -> None:
    if cache is not None and getattr(cache, "scalelaw_streams", None) != filling:
        cache.scalelaw_streams = filling


def _named(filling: Key | Filling | None) -> str:
    if filling is None:
        return "the model without streams"
    if isinstance(filling[0], str):
        return f"streams {', '.join(map(str, filling[1]))} of {filling[0]!r}"
    return "a batch whose rows have streams of their own"


def _let_gradients_in(decoder: Any, given: dict[str, Any]) -> None:
    """Reentrant checkpoints pass on gradients only where their input has one, and that of a frozen model has none."""
    if not (decoder.training and torch.is_grad_enabled() and any(map(_reentrant, decoder.modules()))):
        return
    if given.get("inputs_embeds") is None:
        given["inputs_embeds"] = decoder.get_input_embeddings()(given.pop("input_ids"))
    if not given["inputs_embeds"].requires_grad:
        given["inputs_embeds"].requires_grad_(True)


def _reentrant(module: Any) -> bool:
    checkpointed = getattr(module, "gradient_checkpointing", False)
    function = getattr(module, "_gradient_checkpointing_func", None)
    return bool(checkpointed and getattr(function, "keywords", {}).get("use_reentrant"))
