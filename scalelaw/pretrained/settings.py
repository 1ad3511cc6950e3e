"""What a set of streams is: how many, how long their prefixes are, how they are weighed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, Literal, get_args

import torch

from scalelaw.errors import PretrainedError

Aggregation = Literal["mlp", "linear", "mean"]
Kind = Literal["direct", "reparameterised"]
Precision = Literal["base", "float32"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """P streams on a pre-trained model.

    Attributes
    ----------
    streams : int
        P.
    prefix_tokens : int
        Slots of keys and values that each stream has of its own in every layer (48 in the paper).
    smoothing : float
        epsilon: each stream's weight is at least epsilon/P (0.1 in the paper and in every released checkpoint).
    aggregation : {"mlp", "linear", "mean"}
        What weighs the streams: the paper's two-layer SiLU MLP, one linear layer, or nothing, equal weights.
    prefix : {"direct", "reparameterised"}
        Keys and values as parameters of their own, or made by a small tanh MLP that :func:`convert` merges.
    fade : int
        Training passes over which the prefix fades in from nothing; 0 where it is there from the first.
    precision : {"base", "float32"}
        Type of prefixes and aggregator: the base's, or float32 on a base of fewer digits.
    nested : bool
        Whether the first 1, 2, 4, ... streams are trained to serve without the others, so that asking for so many
        takes them.
    """

    streams: int = 4
    prefix_tokens: int = 48
    smoothing: float = 0.1
    aggregation: Aggregation = "mlp"
    prefix: Kind = "direct"
    fade: int = 0
    precision: Precision = "base"
    nested: bool = False

    def __post_init__(self) -> None:
        for name, least in (("streams", 1), ("prefix_tokens", 1), ("fade", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
                raise PretrainedError(f"{name} is {value!r}; it must be a whole number of at least {least}")
            object.__setattr__(self, name, int(value))  # NumPy's own cannot be written as JSON
        smoothing: Any = self.smoothing
        if isinstance(smoothing, bool) or not isinstance(smoothing, Real) or not 0 <= float(smoothing) <= 1:
            raise PretrainedError(f"smoothing is {smoothing!r}; it must be a number between 0 and 1")
        object.__setattr__(self, "smoothing", float(smoothing))
        if not isinstance(self.nested, bool):
            raise PretrainedError(f"nested is {self.nested!r}; it is True or False")
        choices_of = {"aggregation": Aggregation, "prefix": Kind, "precision": Precision}
        for name, choices in ((name, get_args(kind)) for name, kind in choices_of.items()):
            if getattr(self, name) not in choices:
                raise PretrainedError(f"{name} is {getattr(self, name)!r}; it is one of {', '.join(choices)}")

    def kept_in(self, base: torch.dtype) -> torch.dtype:
        """Type of the streams' tensors on a base of that type."""
        return torch.float32 if self.precision == "float32" else base

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return asdict(self)


FIELDS: Mapping[str, tuple[str, type, Any]] = {
    "streams": ("parscale_n", int, 1),
    "prefix_tokens": ("parscale_n_tokens", int, 48),
    # 0.01 is the released code's default, so that a config.json that leaves it out means the same here
    "smoothing": ("parscale_attn_smooth", float, 0.01),
    "aggregation": ("parscale_aggregation", str, "mlp"),
    "prefix": ("parscale_prefix", str, "direct"),
    "fade": ("parscale_fade", int, 0),
    "precision": ("parscale_precision", str, "base"),
    "nested": ("parscale_nested", bool, False),
}
"""By attribute of :class:`Settings`: name, type and default in a model's ``config.json``; three are released ones."""


def settings_of(config: Any) -> Settings:
    """The settings that a model's configuration holds."""
    return Settings(**{each.name: getattr(config, FIELDS[each.name][0]) for each in fields(Settings)})


def enter(settings: Settings, config: Any) -> None:
    """Write settings into a model's configuration."""
    for name, value in settings.to_dict().items():
        setattr(config, FIELDS[name][0], value)
