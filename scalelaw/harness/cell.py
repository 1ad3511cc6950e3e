"""One training run to do, and the settings it is trained with. A cell's id is a hash of its contents."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args

from scalelaw.cost import Shape, forward_flops, train_flops
from scalelaw.cost.parameters import check_streams
from scalelaw.cost.training import Trained
from scalelaw.errors import HarnessError

Schedule = Literal["wsd", "cosine", "constant"]
Prefix = Literal["direct", "reparameterised"]
T = TypeVar("T")
CHECKPOINT = "checkpoint.safetensors"
"""Of a run that is not over, in the folder of its cell."""


@dataclass(frozen=True, kw_only=True)
class Streams:
    """P streams and how they begin. What changes the number of parameters is in :class:`~scalelaw.cost.Shape`.

    Attributes
    ----------
    count : int
        P.
    smoothing : float
        epsilon: each stream's weight is at least epsilon/P (0.1 in the paper and in every released checkpoint).
    prefix : {"direct", "reparameterised"}
        Prefixes as parameters of their own, or as the output of a small tanh MLP that is merged after training.
    prefix_scale : float
        Standard deviation of the first keys and values.
    near_identity : bool
        Begin as the function of P = 1: prefix values are zero and prefix slots are masked at step 0, and fade in over
        the warm-up.
    """

    count: int = 1
    smoothing: float = 0.1
    prefix: Prefix = "direct"
    prefix_scale: float = 1.0
    near_identity: bool = False

    def __post_init__(self) -> None:
        _settle_numbers(self)
        check_streams(self.count)
        check_choice("prefix", self.prefix, get_args(Prefix))
        if not 0 <= self.smoothing <= 1:
            raise HarnessError(f"smoothing is {self.smoothing}; it must lie between 0 and 1")
        if not self.prefix_scale >= 0:
            raise HarnessError(f"prefix_scale is {self.prefix_scale}; it must not be negative")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a cell is optimised: AdamW, warm-up, then a schedule.

    Attributes
    ----------
    batch, context : int
        Sequences a step, and tokens a sequence.
    rate : float
        Highest learning rate.
    schedule : {"wsd", "cosine", "constant"}
        After a linear warm-up: constant, then linear decay over the last ``decay`` of the steps; half a cosine; or
        constant to the end, as stage one of two-stage training.
    warmup, decay : float
        Shares of the steps.
    final : float
        Rate at the end, as a share of the highest.
    prefix_rate : float
        Factor on the rate of prefixes.
    weight_decay : float
        Of matrices; not of norms, biases, embeddings, prefixes.
    beta1, beta2, eps, clip : float
        AdamW's, and the norm that gradients are clipped to.
    """

    batch: int = 16
    context: int = 256
    rate: float = 4e-3
    schedule: Schedule = "wsd"
    warmup: float = 0.05
    decay: float = 0.3
    final: float = 0.0
    prefix_rate: float = 1.0
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    clip: float = 1.0

    def __post_init__(self) -> None:
        _settle_numbers(self)
        check_choice("schedule", self.schedule, get_args(Schedule))
        for name in ("batch", "context"):
            if getattr(self, name) < 1:
                raise HarnessError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("rate", "clip", "eps"):
            if not getattr(self, name) > 0:
                raise HarnessError(f"{name} is {getattr(self, name)}; it must be above 0")
        for name in ("prefix_rate", "weight_decay"):
            if getattr(self, name) < 0:
                raise HarnessError(f"{name} is {getattr(self, name)}; it must not be negative")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise HarnessError(f"{name} is {getattr(self, name)}; it must be at least 0 and below 1")
        if not 0 <= self.final <= 1:
            raise HarnessError(f"final is {self.final}; it is a share of the highest rate, from 0 to 1")
        if not (0 <= self.warmup <= 1 and 0 <= self.decay <= 1 and self.warmup + self.decay <= 1):
            raise HarnessError(
                f"warm-up {self.warmup} and decay {self.decay} are shares of the steps, at most 1 in all"
            )

    @property
    def tokens_a_step(self) -> int:
        return self.batch * self.context


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One training run to do.

    Attributes
    ----------
    shape, streams, recipe : Shape, Streams, Recipe
    tokens : int
        Tokens of text to train on, rounded to whole steps (``steps``).
    seed : int
        Of the backbone's first weights and of the order of batches; neither depends on P, so runs of one seed and
        different P are paired.
    corpus, tokenizer, corpus_hash : str
        Name and tokenizer of the corpus, and the hash of its tokens: another corpus is another cell.
    repeat : bool
        Whether the corpus may be gone through more than once. No part of ``id``: it changes nothing of a run that
        the corpus is long enough for, and a run that it is too short for there is only with it.
    trained : {"all", "streams"}
        All weights, or prefixes and aggregator only.
    held_out : int or None
        Tokens that the corpus was asked to hold out, with which another machine makes it again; None as by default. No
        part of ``id``, as the hash of the corpus says what was held out.
    start : Cell or None
        The cell from whose final weights this one goes on (stage two of two-stage training).
    """

    shape: Shape
    streams: Streams = field(default_factory=Streams)
    recipe: Recipe = field(default_factory=Recipe)
    tokens: int
    seed: int = 0
    corpus: str
    tokenizer: str = "bytes"
    corpus_hash: str
    repeat: bool = False
    trained: Trained = "all"
    held_out: int | None = None
    start: Cell | None = None

    def __post_init__(self) -> None:
        _settle_numbers(self)
        check_choice("trained", self.trained, get_args(Trained))
        if self.seed < 0:
            raise HarnessError(f"seed is {self.seed}; it must not be negative")
        if self.tokens < self.recipe.tokens_a_step:
            raise HarnessError(
                f"{self.tokens} tokens are less than one step of {self.recipe.tokens_a_step} "
                f"(batch {self.recipe.batch} x context {self.recipe.context}); train on more tokens"
            )
        if unlike := self.shape.unlike_qwen2():
            raise HarnessError(
                f"the harness trains Qwen2-like decoders, and {unlike[0]} of this shape is none of theirs"
            )
        if self.start is not None and self.start.shape != replace(self.shape, **_of_streams(self.start.shape)):
            raise HarnessError("a cell goes on from one of another shape; both need the same backbone")
        if self.start is not None and _step_size(self.start.recipe) != _step_size(self.recipe):
            raise HarnessError(
                "a cell goes on from one of another batch or context; the order of the text needs the same"
            )
        if self.trained == "streams" and self.streams.count == 1 and not self.shape.prefix_slots(1):
            raise HarnessError("with one stream there is no prefix and no aggregator to train; train all, or use P > 1")

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the contents; a path of one's own files is none of them."""
        return hashlib.sha256(json.dumps(_anywhere(self.to_dict()), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """A short name for people: ``w64-l4-p2-4M-s0``."""
        stage = "" if self.start is None else f"-stage2-{self.trained}"
        return f"w{self.shape.width}-l{self.shape.layers}-p{self.streams.count}-{_short(self.D)}-s{self.seed}{stage}"

    @property
    def steps(self) -> int:
        """Optimiser steps of this cell alone."""
        return self.tokens // self.recipe.tokens_a_step

    @property
    def first_step(self) -> int:
        """Steps that the cells before this one have taken, from which the order of batches goes on."""
        return 0 if self.start is None else self.start.first_step + self.start.steps

    @property
    def D(self) -> int:
        """Training tokens of text, earlier stages included."""
        return self.steps * self.recipe.tokens_a_step + (0 if self.start is None else self.start.D)

    @property
    def own_C(self) -> float:
        """Training FLOPs of this cell alone, streams counted."""
        return train_flops(
            self.shape,
            self.streams.count,
            tokens=self.steps * self.recipe.tokens_a_step,
            context=self.recipe.context,
            trained=self.trained,
        )

    @property
    def step_C(self) -> float:
        """FLOPs of one step, streams counted."""
        return self.own_C / self.steps

    @property
    def held_out_C(self) -> float:
        """FLOPs of one held-out token, streams counted: those of the forward pass."""
        return sum(forward_flops(self.shape, self.streams.count, context=self.recipe.context).values())

    @property
    def C(self) -> float:
        """Training FLOPs, streams counted, earlier stages included."""
        return self.own_C + (0.0 if self.start is None else self.start.C)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        start = None if self.start is None else self.start.to_dict()
        values = {**asdict(self), "shape": self.shape.to_dict(), "start": start}
        return {name: value for name, value in values.items() if (name, value) != ("held_out", None)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Cell:
        """The cell that :meth:`to_dict` wrote; unknown fields are refused."""
        parts = dict(values)
        parts["shape"] = Shape.from_dict(parts["shape"])
        parts["streams"] = _built(Streams, parts["streams"])
        parts["recipe"] = _built(Recipe, parts["recipe"])
        parts["start"] = None if parts.get("start") is None else cls.from_dict(parts["start"])
        return _built(cls, parts)


def _settle_numbers(settings: Any) -> None:
    """Make 10 and 10.0 of a field one value, so that they are one cell: whole numbers int, others float.

    Raises
    ------
    HarnessError
        If a value is no number, or no whole one where one is needed.
    """
    for each in fields(settings):
        value = getattr(settings, each.name)
        if each.type not in ("int", "float"):
            continue
        try:
            settled = float(value)
        except (TypeError, ValueError):
            raise HarnessError(f"{each.name} is {value!r}; it must be a number") from None
        if not math.isfinite(settled) or (each.type == "int" and not settled.is_integer()):
            raise HarnessError(
                f"{each.name} is {value!r}; it must be a {'whole' if each.type == 'int' else 'finite'} number"
            )
        object.__setattr__(settings, each.name, int(value) if each.type == "int" else settled)


def _built(kind: type[T], values: Mapping[str, Any]) -> T:
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - known):
        raise HarnessError(
            f"a {kind.__name__.lower()} has no field {unknown[0]!r}; it was written by another version of scalelaw"
        )
    return kind(**values)


def _step_size(recipe: Recipe) -> tuple[int, int]:
    return recipe.batch, recipe.context


def _anywhere(values: dict[str, Any]) -> dict[str, Any]:
    """The contents of a cell wherever its text lies: the hash of the corpus says which text it is."""
    start = values["start"]
    corpus = "text" if values["corpus"].startswith("text:") else values["corpus"]
    kept = {name: value for name, value in values.items() if name != "held_out"}
    # a text that is long enough is gone through once whether it may be repeated or not, and D says if it was not
    return {**kept, "repeat": False, "corpus": corpus, "start": None if start is None else _anywhere(start)}


def _of_streams(shape: Shape) -> dict[str, Any]:
    """What of a shape belongs to its streams and may change between stages."""
    return {name: getattr(shape, name) for name in ("prefix_tokens", "aggregation", "prefix_at_one")}


def _short(count: int) -> str:
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count)


def check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse what is not among the known values of a setting."""
    if value not in known:
        raise HarnessError(f"{name} is {value!r}; choose {', '.join(known)}")
