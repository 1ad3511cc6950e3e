"""A Hugging Face model of random weights, with streams where there are any, read token by token with its own cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scalelaw.cost.shape import Shape
from scalelaw.extras import need

SUFFIX, OWN = "_parscale", "parscale_"
_ELSEWHERE = ("model_type", "architectures", "auto_map", "dtype", "torch_dtype", "quantization_config")
SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "vocab_size": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
"""Sizes of the least model of any family."""


def small(config: Mapping[str, Any]) -> dict[str, Any]:
    """The least model of the same family, which loads all code that the model itself does."""
    return {"model_type": config["model_type"], **SMALL}


def random_model(config: Mapping[str, Any], streams: int = 1, *, dtype: Any = None, device: str = "cpu") -> Any:
    """The model of a configuration, of random weights, with P streams on it.

    Parameters
    ----------
    config : mapping
        What ``config.json`` holds. Of one with streams the model without them is taken, and given as many as wanted.
    streams : int
        P; with one stream it is the plain model.
    dtype : torch.dtype, optional
    device : str

    Raises
    ------
    MissingExtra
        If transformers is not installed.
    """
    transformers = need("transformers", extra="pretrained", purpose="measuring a Hugging Face model")
    kind = str(config["model_type"]).removesuffix(SUFFIX)
    settings = {name: value for name, value in config.items() if name not in _ELSEWHERE and not name.startswith(OWN)}
    made = transformers.AutoConfig.for_model(kind, **settings)
    model = transformers.AutoModelForCausalLM.from_config(made, dtype=dtype).to(device).eval()
    model.config.pad_token_id = None  # random tokens are text, whichever they are
    if streams > 1:
        from scalelaw.pretrained import add_streams

        prefix = Shape.from_config(config).prefix_tokens
        # in the type that `measure_costs` is asked for
        add_streams(model, streams, prefix, init="random", precision="base")
    return model


class Reader:
    """A generation: the tokens it is called with come after all before them.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    streams : int
        P, chosen by ``set_streams`` where the model has streams: a set that it holds, or 1.
    """

    def __init__(self, model: Any, streams: int = 1):
        if hasattr(model, "set_streams"):
            model.set_streams(streams)
        self.model, self.cache = model, None

    def __call__(self, tokens: Any) -> Any:
        """Logits (B, vocabulary) of what follows ``tokens`` (B, n)."""
        import torch

        with torch.no_grad():  # of the last token alone, as generate() does
            found = self.model(input_ids=tokens, past_key_values=self.cache, use_cache=True, logits_to_keep=1)
        self.cache = found.past_key_values
        return found.logits[:, -1]
