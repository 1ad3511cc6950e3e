"""A Hugging Face model of random weights, read token by token with its own cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scalelaw.errors import ScalelawError
from scalelaw.extras import need


def reader(config: Mapping[str, Any], streams: int, *, dtype: Any, device: str) -> Callable[[], Callable[[Any], Any]]:
    """What begins a generation with the model of a configuration.

    Parameters
    ----------
    config : mapping
        What ``config.json`` holds.
    streams : int
        P; more than one needs a configuration whose ``parscale_n`` is P.

    Raises
    ------
    MissingExtra
        If transformers is not installed.
    ScalelawError
        If the model has another number of streams.
    """
    own = int(config.get("parscale_n", 1))
    if streams != own:
        raise ScalelawError(
            f"this config.json is of a model with P = {own}, not {streams}; measure that, or streams on the harness's "
            f"model of the same shape (without huggingface)"
        )
    transformers = need("transformers", extra="train", purpose="measuring a Hugging Face model")
    kind = str(config["model_type"])
    settings = {name: value for name, value in config.items() if name != "model_type"}
    model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(kind, **settings))
    model = model.to(device=device, dtype=dtype).eval()
    return lambda: _Reader(model)


class _Reader:
    def __init__(self, model: Any):
        self.model, self.cache = model, None

    def __call__(self, tokens: Any) -> Any:
        """Logits of what follows the tokens, read after all before them."""
        import torch

        with torch.no_grad():
            found = self.model(input_ids=tokens, past_key_values=self.cache, use_cache=True)
        self.cache = found.past_key_values
        return found.logits[:, -1]
