"""What is to be trained, on what and how: everything that a result depends on."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Real
from typing import Any, Literal, get_args

from scalelaw.errors import PretrainedError
from scalelaw.pretrained.adding import FADE
from scalelaw.pretrained.initial import Initial
from scalelaw.pretrained.loading import check_dtype
from scalelaw.pretrained.settings import Settings
from scalelaw.pretrained.texts import HELD_OUT

Trainable = Literal["streams", "all", "lora"]
Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How steps are taken.

    Attributes
    ----------
    batch, context : int
        Sequences a step, over all processes, and tokens of each.
    accumulate : int
        Passes that a step is divided into, to save memory.
    rate, stream_rate : float
        Highest learning rates of the base (or LoRA) and of prefixes and aggregator.
    warmup : float
        Share of a stage's steps over which its rate rises.
    weight_decay : float
        Of AdamW, on matrices of the base; streams do not decay.
    clip : float
        Greatest norm of a gradient.
    precision : {"float32", "bfloat16", "float16"}
        Of the computation; weights and optimiser keep their own.
    checkpointing : bool
        Whether what a layer computed is computed again in the backward pass instead of kept.
    """

    batch: int = 8
    context: int = 512
    accumulate: int = 1
    rate: float = 1e-4
    stream_rate: float = 1e-3
    warmup: float = 0.02
    weight_decay: float = 0.01
    clip: float = 1.0
    precision: Precision = "float32"
    checkpointing: bool = False

    def __post_init__(self) -> None:
        _whole(self, "batch", "context", "accumulate")
        if self.context < 2:
            raise PretrainedError(f"context is {self.context}; a sequence needs two tokens, one to predict the other")
        if self.batch % self.accumulate:
            raise PretrainedError(
                f"a batch of {self.batch} sequences cannot be divided into {self.accumulate} alike; choose a divisor"
            )
        for name in ("rate", "stream_rate", "clip"):
            if not _is_number(getattr(self, name)) or not 0 < getattr(self, name) < math.inf:
                raise PretrainedError(f"{name} is {getattr(self, name)!r}; it must be a number above 0")
        if not _is_number(self.weight_decay) or not 0 <= self.weight_decay < math.inf:
            raise PretrainedError(f"weight_decay is {self.weight_decay!r}; it must be a number of at least 0")
        if not _is_number(self.warmup) or not 0 <= self.warmup <= 1:
            raise PretrainedError(f"warmup is {self.warmup}; it is a share of the steps, from 0 to 1")
        for name in ("rate", "stream_rate", "clip", "weight_decay", "warmup"):
            if not isinstance(getattr(self, name), int | float):  # NumPy's own cannot be written as JSON
                object.__setattr__(self, name, float(getattr(self, name)))
        if self.precision not in get_args(Precision):
            raise PretrainedError(f"precision is {self.precision!r}; it is one of {', '.join(get_args(Precision))}")

    @property
    def tokens_a_step(self) -> int:
        return self.batch * self.context


@dataclass(frozen=True)
class Stage:
    """One of the stages of a plan: how many steps, which of them, with how many streams, and what is trained."""

    name: str
    first_step: int
    steps: int
    streams: int
    trained: Trainable
    schedule: Literal["constant", "wsd"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One training run to do.

    Attributes
    ----------
    model : str
        A folder or a name on the hub.
    data : str
        A file, a folder, or a corpus such as ``code`` or ``hf:NAME``; a part of it is held out.
    tokens : int
        D: tokens of text to train on, both stages together, rounded to whole steps.
    trainable : {"streams", "all", "lora"}
        Prefixes and aggregator alone; everything; or LoRA on the base's linear layers beside the streams.
    share : float
        Of the tokens, for the stage with streams. Below 1 an ordinary stage of the whole model at a constant rate
        comes first: the paper's two-stage recipe. With 1, pre-training was that stage. The last stage anneals linearly.
    settings : Settings
        The streams, kept in float32 unless these settings say otherwise; ``fade`` 0 leaves near-identity to open over a
        fifth of the steps, 100 at most.
    init : {"near-identity", "text", "statistics", "random"}
    lora_rank : int
    held_out : int
        Tokens to hold out, about.
    repeat : bool
        Whether the data may be gone through more than once.
    dtype : str, optional
        What the base is loaded in; where none is given float32 if it is trained, since small steps of AdamW are lost on
        weights of fewer digits, and else the model's own.
    """

    model: str
    data: str
    tokens: int
    trainable: Trainable = "streams"
    share: float = 1.0
    settings: Settings = field(default_factory=lambda: Settings(precision="float32"))
    init: Initial = "near-identity"
    recipe: Recipe = field(default_factory=Recipe)
    lora_rank: int = 8
    held_out: int = HELD_OUT
    repeat: bool = False
    seed: int = 0
    revision: str | None = None
    dtype: str | None = None

    def __post_init__(self) -> None:
        _whole(self, "tokens", "held_out", "lora_rank")
        for name, kind in (("trainable", Trainable), ("init", Initial)):
            if getattr(self, name) not in get_args(kind):
                raise PretrainedError(f"{name} is {getattr(self, name)!r}; it is one of {', '.join(get_args(kind))}")
        check_dtype(self.dtype)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise PretrainedError(f"seed is {self.seed!r}; it must be a whole number of at least 0")
        if not _is_number(self.share) or not 0 < self.share <= 1:
            raise PretrainedError(f"the share of the stage with streams is {self.share}; it is above 0, and at most 1")
        if self.settings.streams == 1 and self.trainable == "streams":
            raise PretrainedError("with one stream there are no streams to train; train all or lora, or more streams")
        if self.settings.streams == 1 and self.settings.nested:
            raise PretrainedError("with one stream there is nothing to nest; ask for 2, 4, 8, ... streams")
        if self.trainable == "lora" and self.share < 1:
            raise PretrainedError(f"LoRA is put on a base that stays as it is, and a share of {self.share} trains it")
        if not all(each.steps for each in self.stages):
            raise PretrainedError(
                f"{self.tokens:,} tokens with a share of {self.share} leave a stage without a step of "
                f"{self.recipe.tokens_a_step:,} tokens; train on more, or with smaller steps"
            )

    @property
    def steps(self) -> int:
        return round(self.tokens / self.recipe.tokens_a_step)

    @property
    def D(self) -> int:
        """Tokens of text trained on."""
        return self.steps * self.recipe.tokens_a_step

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What is done, in order."""
        last = round(self.steps * self.share)
        second = Stage("parallel", self.steps - last, last, self.settings.streams, self.trainable, "wsd")
        if self.share == 1:
            return (second,)
        return Stage("plain", 0, self.steps - last, 1, "all", "constant"), second

    @property
    def loaded_in(self) -> str | None:
        """Type that the base is loaded in; None for its own."""
        trained = any(each.trained == "all" for each in self.stages)
        return "float32" if self.dtype is None and trained else self.dtype

    @property
    def fade(self) -> int:
        """Training passes over which a prefix that begins near identity fades in."""
        if self.init != "near-identity" or self.settings.streams == 1:
            return 0
        return self.settings.fade or min(FADE, max(1, self.stages[-1].steps * self.recipe.accumulate // 5))

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that tell plans apart."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """The plan by name, as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """The plan that :meth:`to_dict` gave."""
        known = {each.name for each in fields(cls)}
        held = {name: value for name, value in values.items() if name in known}
        return cls(**{**held, "settings": Settings(**values["settings"]), "recipe": Recipe(**values["recipe"])})

    def on_one_stream(self) -> Plan:
        """The control: the same tokens in the same order and stages through the model without streams."""
        return replace(self, settings=replace(self.settings, streams=1, nested=False), trainable="all")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole(of: Any, *names: str) -> None:
    for name in names:
        value = getattr(of, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PretrainedError(f"{name} is {value!r}; it must be a whole number of at least 1")
