"""Classes of models with streams, one for each of transformers' own, and their place among the Auto classes.

``Qwen2ForCausalLM`` becomes ``Qwen2ParScaleForCausalLM`` of model type ``qwen2_parscale``, as the released checkpoints
say; other families are named alike. A file saved by one is never mistaken for a model without streams.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

from scalelaw.errors import PretrainedError
from scalelaw.extras import need
from scalelaw.pretrained.model import WithStreams
from scalelaw.pretrained.settings import FIELDS

SUFFIX = "_parscale"
FAMILIES = ("qwen2", "qwen3", "llama", "mistral", "olmo2", "gemma2", "smollm3")
"""Model types that are registered as soon as this package is imported; others when they are first used."""


def config_class(base: type) -> Any:
    """The configuration of a family with streams, from that without."""
    if base.model_type.endswith(SUFFIX):  # type: ignore[attr-defined]
        return base
    name = base.__name__.removesuffix("Config") + "ParScaleConfig"
    known = globals().get(name)
    if known is not None:
        return known
    hints = {field: kind for field, kind, _ in FIELDS.values()}
    defaults = {field: value for field, _, value in FIELDS.values()}
    made = type(
        name,
        (base,),
        {
            "__module__": __name__,
            "__qualname__": name,
            "__doc__": f"{base.__name__} with parallel streams.",
            "__annotations__": hints,
            "model_type": base.model_type + SUFFIX,  # type: ignore[attr-defined]
            **defaults,
        },
    )
    setattr(sys.modules[__name__], name, made)
    return made


def model_class(base: type) -> Any:
    """The class of a model with streams, from that without."""
    if issubclass(base, WithStreams):
        return base
    name = base.__name__.replace("ForCausalLM", "ParScaleForCausalLM")
    name = name if name != base.__name__ else base.__name__ + "ParScale"
    known = globals().get(name)
    if known is not None and issubclass(known, base):
        return known
    made = type(
        name,
        (WithStreams, base),
        {
            "__module__": __name__,
            "__qualname__": name,
            "__doc__": f"{base.__name__} with parallel streams.",
            "forward": _forward(base),
            "prepare_inputs_for_generation": _prepare(base),
            "config_class": config_class(base.config_class),  # type: ignore[attr-defined]
        },
    )
    setattr(sys.modules[__name__], name, made)
    return made


def _forward(base: Any) -> Any:
    """WithStreams.forward with the parameters of the model's own: transformers reads them to see what it may pass."""

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return WithStreams.forward(self, *args, **kwargs)

    signature = inspect.signature(base.forward)
    parameters = list(signature.parameters.values())
    own = inspect.Parameter("streams", inspect.Parameter.KEYWORD_ONLY, default=None)
    place = len(parameters) - (parameters[-1].kind is inspect.Parameter.VAR_KEYWORD)
    forward.__signature__ = signature.replace(parameters=[*parameters[:place], own, *parameters[place:]])  # type: ignore[attr-defined]
    forward.__doc__ = f"As of {base.__name__}, and ``streams``: P, the name of a set, or the streams to keep."
    return forward


def _prepare(base: Any) -> Any:
    """WithStreams.prepare_inputs_for_generation with the parameters of the model's own, for the same reason."""

    def prepare(self: Any, *args: Any, **kwargs: Any) -> Any:
        return WithStreams.prepare_inputs_for_generation(self, *args, **kwargs)

    prepare.__signature__ = inspect.signature(base.prepare_inputs_for_generation)  # type: ignore[attr-defined]
    prepare.__doc__ = f"As of {base.__name__}."
    return prepare


def register(family: str) -> Any:
    """Make the Auto classes of transformers know a family with streams, and return its class.

    Parameters
    ----------
    family : str
        A ``model_type`` of transformers, such as ``llama``, with or without the suffix ``_parscale``.

    Raises
    ------
    PretrainedError
        If transformers has no causal language model of that type.
    """
    transformers: Any = need("transformers", extra="pretrained", purpose="streams on a pre-trained model")
    kind = family.removesuffix(SUFFIX)
    try:
        base_config = transformers.AutoConfig.for_model(kind).__class__
        base = transformers.MODEL_FOR_CAUSAL_LM_MAPPING[base_config]
    except (KeyError, ValueError):
        raise PretrainedError(
            f"transformers has no causal language model of type {kind!r}; name one such as qwen2"
        ) from None
    made = model_class(base)
    _enter(made)
    return made


def _enter(made: Any) -> None:
    """Let transformers find a class: by the model's type, and as its server does, by the name that a file says."""
    import transformers

    config: Any = made.config_class
    transformers.AutoConfig.register(config.model_type, config, exist_ok=True)
    transformers.AutoModelForCausalLM.register(config, made, exist_ok=True)
    if not hasattr(transformers, made.__name__):
        setattr(transformers, made.__name__, made)
