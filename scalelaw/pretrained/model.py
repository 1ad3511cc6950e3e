"""A causal language model of transformers with streams: its own class and one of ours in front of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.adapters import as_without_adapter, merged, unmerged
from scalelaw.pretrained.attention import implementation
from scalelaw.pretrained.decoder import heads_of, install
from scalelaw.pretrained.initial import unset
from scalelaw.pretrained.mixed import reordered
from scalelaw.pretrained.resting import lay, lift
from scalelaw.pretrained.selection import Asked, by_row, requests_in, resolve, sets_of
from scalelaw.pretrained.settings import enter, settings_of

FIRST = ("input_ids", "attention_mask", "position_ids", "past_key_values")
"""Arguments of a model's call in their order, where they are not named."""

MASKED = "parscale_masked"
"""Argument of a call whose padding, if any, is known to be hidden."""


class WithStreams:
    """What a model with streams can do beside what its class can.

    Every call, ``generate`` among them, takes ``streams=``: P (1 is the model without streams), the name of a set in
    memory, or a list of the streams to keep of the chosen set. Rows of a batch have requests of their own as a tensor
    (B) with P of each, or as a list of names of sets (or P), one a row.
    """

    config: Any
    _keys_to_ignore_on_load_unexpected = (r"\.lora_[AB]\.",)  # merged into the rest of such a checkpoint

    def __init__(self, config: Any, *args: Any, **kwargs: Any):
        super().__init__(config, *args, **kwargs)  # type: ignore[call-arg]
        model: Any = self
        decoder = model.get_decoder()
        install(decoder, settings_of(config), heads_of(decoder))
        # the implementation is not saved with a model: a plain one would leave the prefixes out
        self.set_attn_implementation(config._attn_implementation)
        model.post_init()

    def forward(self, *args: Any, streams: Asked = None, **kwargs: Any) -> Any:
        """The model's own forward pass, with the streams asked for."""
        if not kwargs.pop(MASKED, False):
            _refuse_padding_without_mask(self, args, kwargs, streams)
        if streams is not None:
            kwargs["streams"] = streams
        return super().forward(*args, **kwargs)  # type: ignore[misc]

    def prepare_inputs_for_generation(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As in transformers, whose ``generate`` makes a mask where none is given, and drops one that hides nothing."""
        inputs: dict[str, Any] = super().prepare_inputs_for_generation(*args, **kwargs)  # type: ignore[misc]
        return {**inputs, MASKED: True}

    def _expand_inputs_for_generation(self, expand_size: int = 1, *args: Any, **kwargs: Any) -> Any:
        """As in transformers, which gives each row as many copies as it has beams; requests by name have them too."""
        asked: Any = kwargs.get("streams")
        if by_row(asked) and not isinstance(asked, Tensor):
            kwargs["streams"] = [one for one in asked for _ in range(expand_size)]
        return super()._expand_inputs_for_generation(expand_size, *args, **kwargs)  # type: ignore[misc]

    def set_streams(self, streams: Asked) -> None:
        """Choose the streams of the calls to come; nothing is loaded.

        Parameters
        ----------
        streams : int, str or sequence of int
            P of a set in memory, 1 for the model without streams; a set's name; or the streams to keep of the chosen
            set, whose weights are then renormalised. What a checkpoint holds does not follow: it keeps the whole set.

        Raises
        ------
        PretrainedError
            If no set in memory, or more than one, is what was asked for.
        """
        decoder = self.get_decoder()  # type: ignore[attr-defined]
        key = resolve(decoder, streams)
        if key is not None and key[0] != decoder.stream_name:
            lift(decoder)
            lay(decoder, key[0])
            enter(decoder.stream_settings, self.config)
        decoder.stream_choice = key

    @property
    def streams(self) -> int:
        """P of the calls to come."""
        key = self.get_decoder().stream_choice  # type: ignore[attr-defined]
        return 1 if key is None else len(key[1])

    @property
    def stream_sets(self) -> dict[str, int]:
        """P of every set of streams in memory, by name."""
        return sets_of(self.get_decoder())  # type: ignore[attr-defined]

    def save_streams(self, folder: str | os.PathLike[str], *, revision: str | None = None) -> Path:
        """Save the chosen set alone; see :func:`scalelaw.pretrained.save_streams`."""
        from scalelaw.pretrained.saving import save_streams

        return save_streams(self, folder, revision=revision)

    def load_streams(self, folder: str | os.PathLike[str], *, name: str | None = None, any_base: bool = False) -> Any:
        """Load a set and choose it; see :func:`scalelaw.pretrained.load_streams`."""
        from scalelaw.pretrained.saving import load_streams

        return load_streams(self, folder, name=name, any_base=any_base)

    def set_attn_implementation(self, attn_implementation: Any, *args: Any, **kwargs: Any) -> None:
        """As in transformers, by the plain name; the prefixes stay in it."""
        wanted = attn_implementation.get("") if isinstance(attn_implementation, dict) else attn_implementation
        super().set_attn_implementation(implementation(wanted), *args, **kwargs)  # type: ignore[misc]

    def initialize_weights(self) -> None:
        """As in transformers; prefixes and aggregator that were not loaded begin at random."""
        super().initialize_weights()  # type: ignore[misc]
        decoder = self.get_decoder()  # type: ignore[attr-defined]
        if hasattr(decoder, "stream_settings"):  # not yet, when the model's own class is done
            unset(decoder)

    def save_pretrained(self, save_directory: Any, *args: Any, **kwargs: Any) -> None:
        """As in transformers, with the set of streams in place and LoRA merged; those that rest are left out.

        LoRA's own tensors lie beside what it is merged into, so that a ``Trainer`` goes on from its checkpoint.
        """
        state = kwargs.pop("state_dict", None)
        state = self.state_dict() if state is None else state  # type: ignore[attr-defined]
        kept = {name: value for name, value in state.items() if "resting_streams." not in name}
        kept = merged(self, kept)
        with as_without_adapter(self):
            super().save_pretrained(save_directory, *args, state_dict=kept, **kwargs)  # type: ignore[misc]

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """As in torch; a model with LoRA takes checkpoints into which LoRA is merged."""
        return super().load_state_dict(unmerged(self, state_dict), *args, **kwargs)  # type: ignore[misc]

    def _get_dtype_plan(self, dtype: torch.dtype) -> dict[str, torch.dtype]:
        """As in transformers; streams of their own precision keep it, whatever the base is loaded in."""
        plan: dict[str, torch.dtype] = super()._get_dtype_plan(dtype)  # type: ignore[misc]
        if self.config.parscale_precision == "float32":
            plan |= dict.fromkeys(("prefix_k", "prefix_v", "prefix_maker", "aggregate_layer"), torch.float32)
        return plan

    def stream_parameters(self) -> list[tuple[str, Tensor]]:
        """Names and parameters of the set in place: prefixes and aggregator."""
        return [(name, value) for name, value in self.named_parameters() if is_streams(name)]  # type: ignore[attr-defined]

    def _reorder_cache(self, cache: Any, beams: Tensor) -> Any:
        filling = getattr(cache, "scalelaw_streams", None)
        if filling is not None:
            beams = reordered(filling, beams)
        cache.reorder_cache(beams)
        return cache

    @classmethod
    def _can_set_attn_implementation(cls) -> bool:
        return True  # transformers reads the file of a class to know, and this is not the file


def is_streams(name: str) -> bool:
    """Whether a parameter or buffer of that name belongs to the set of streams in place."""
    own = ("prefix_k", "prefix_v", "prefix_passes")
    return name.endswith(own) or any(part in name for part in ("aggregate_layer.", "prefix_maker."))


def _refuse_padding_without_mask(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], asked: Asked) -> None:
    """Padding that no mask hides is read as text by the streams of the call; transformers only warns of it.

    The model without streams does as transformers does.
    """
    given = {**dict(zip(FIRST, args, strict=False)), **kwargs}
    pad, ids, cache = model.config.pad_token_id, given.get("input_ids"), given.get("past_key_values")
    if torch.compiler.is_compiling() or pad is None or ids is None or given.get("attention_mask") is not None:
        return
    ends = model.config.eos_token_id
    begins = model.config.bos_token_id
    begun = cache is not None and hasattr(cache, "get_seq_length") and bool(int(cache.get_seq_length()))
    if begun or pad in (*(ends if isinstance(ends, list) else [ends]), begins) or ids.shape[1] == 1:
        return
    if bool(((ids[:, 0] == pad) & _with_streams(model, asked, ids)).any()):
        raise PretrainedError(
            f"a row begins with the padding token {pad} and there is no attention_mask, so padding would be read "
            f"as text; give the attention_mask that the tokenizer returns"
        )


def _with_streams(model: Any, asked: Asked, ids: Tensor) -> Tensor:
    """Which rows of a call take streams, (B)."""
    decoder = model.get_decoder()
    if by_row(asked):
        each = [resolve(decoder, one) is not None for one in requests_in(asked, len(ids))]
        return torch.tensor(each, device=ids.device)
    return torch.full((len(ids),), resolve(decoder, asked) is not None, device=ids.device)
