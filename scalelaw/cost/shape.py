"""The shape of a decoder with parallel streams, in the words that harness, cost and pre-trained models share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from scalelaw.errors import ScalelawError

Aggregation = Literal["mlp", "linear", "mean"]
_QWEN2 = {"gated": True, "out_bias": False, "mlp_bias": False, "norm_bias": False, "qk_norm": False}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A Qwen2-like decoder: RMSNorm, RoPE, grouped-query attention, gated MLP, and what P streams add to it.

    Attributes
    ----------
    layers, width : int
        Transformer blocks, and the size of the hidden states.
    heads, kv_heads, head_size : int
        Query heads, key and value heads (a divisor of ``heads``), and the size of each.
    ffn : int
        Inner size of the gated MLP.
    vocabulary : int
        Tokens known.
    tied : bool
        Whether the output head is the transposed embedding.
    bias : bool
        Whether q, k and v projections have a bias, as in Qwen2.
    prefix_tokens : int
        Key and value slots that each stream has of its own, in every layer.
    aggregation : {"mlp", "linear", "mean"}
        How the streams' weights come about: a two-layer SiLU MLP over the concatenated streams (the paper's), one
        linear layer over them, or equal weights.
    prefix_at_one : bool
        Whether a single stream has a prefix too. The plain model has none; this is the control that separates what a
        prefix does from what parallel computation does.
    gated : bool
        Whether the MLP has a gate (three matrices, as in Qwen2) or none (two, as in StarCoder2).
    out_bias, mlp_bias, norm_bias : bool
        Biases of the attention's output, of the MLP's matrices and of the norms.
    qk_norm : bool
        Whether queries and keys are normed, with one weight for each of ``head_size``, as in Qwen3.
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    ffn: int
    vocabulary: int
    tied: bool = True
    bias: bool = True
    prefix_tokens: int = 48
    aggregation: Aggregation = "mlp"
    prefix_at_one: bool = False
    gated: bool = True
    out_bias: bool = False
    mlp_bias: bool = False
    norm_bias: bool = False
    qk_norm: bool = False

    def __post_init__(self) -> None:
        for name in ("layers", "width", "heads", "kv_heads", "head_size", "ffn", "vocabulary"):
            check_whole(name, getattr(self, name), least=1)
        check_whole("prefix_tokens", self.prefix_tokens, least=0)
        for each in fields(self):
            if each.type == "bool" and not isinstance(value := getattr(self, each.name), bool):
                raise ScalelawError(f"{each.name} is {value!r}; it is either true or false")
        if self.heads % self.kv_heads:
            raise ScalelawError(
                f"{self.kv_heads} key/value heads do not divide {self.heads} query heads; choose a number that does"
            )
        if self.head_size % 2:
            raise ScalelawError(
                f"head_size is {self.head_size}, and rotary positions turn pairs: choose an even head size"
            )
        if self.aggregation not in get_args(Aggregation):
            raise ScalelawError(f"aggregation is {self.aggregation!r}; choose {', '.join(get_args(Aggregation))}")

    @classmethod
    def scaled(
        cls,
        *,
        width: int,
        layers: int,
        heads: int | None = None,
        kv_heads: int | None = None,
        ffn: int | None = None,
        vocabulary: int = 256,
        **others: Any,
    ) -> Shape:
        """A shape from width and layers, the rest by rule.

        Heads have 16 dimensions below a width of 128, 32 below 512, 64 below 2048 and then 128, or as few more as
        divide the width; half as many key/value heads; ``ffn`` is 8/3 of the width, rounded up to a multiple of 8, so
        that a gated MLP has the parameters of a plain one of four times the width.

        >>> Shape.scaled(width=64, layers=4)
        Shape(layers=4, width=64, heads=4, kv_heads=2, head_size=16, ffn=176, vocabulary=256, tied=True, bias=True, \
prefix_tokens=48, aggregation='mlp', prefix_at_one=False, gated=True, out_bias=False, mlp_bias=False, norm_bias=False, \
qk_norm=False)
        """
        check_whole("width", width, least=1)
        heads = heads if heads is not None else _heads(width)
        check_whole("heads", heads, least=1)
        if width % heads:
            raise ScalelawError(f"{heads} heads do not divide the width {width}; choose a divisor of {width}")
        if width // heads % 2:
            raise ScalelawError(
                f"a width of {width} over {heads} head{'s' if heads > 1 else ''} makes an odd head size, and rotary "
                "positions turn pairs; choose a width that is an even multiple of the heads"
            )
        kv_heads = kv_heads if kv_heads is not None else (heads // 2 if heads % 2 == 0 else heads)
        return cls(
            layers=layers,
            width=width,
            heads=heads,
            kv_heads=kv_heads,
            head_size=width // heads,
            ffn=ffn if ffn is not None else -(-8 * width // 24) * 8,
            vocabulary=vocabulary,
            **others,
        )

    @classmethod
    def sized(cls, N: int | float | str, *, streams: int = 1, **others: Any) -> Shape:
        """The shape of the paper's family whose non-embedding parameters come nearest to N.

        36 layers, 16 heads, 2 key/value heads, ``ffn`` 43/8 of the width rounded up to a multiple of 128, vocabulary
        151,936, tied, 48 prefix tokens; the width is a multiple of 32. This rule gives the paper's six sizes. Then
        ``ffn`` is moved in steps of 8 to what comes nearest to N, within 0.2 % from 30 million parameters on.

        Parameters
        ----------
        N : int, float or quantity such as ``"1.6B"``
            Non-embedding parameters, those of prefixes and aggregator of ``streams`` streams included.
        streams : int
            P.
        **others
            Fields that differ from the family's, such as ``vocabulary`` or ``prefix_tokens``.

        Raises
        ------
        ScalelawError
            If N is no number or too small for 36 layers.

        Source
        ------
        arXiv 2505.10475, the six sizes (:data:`PAPER`); the rule is read off them.

        >>> from scalelaw.cost import parameters
        >>> Shape.sized(1571472384) == PAPER["1.6B"]
        True
        >>> round(parameters(Shape.sized("7B"))["N"] / 7e9, 3)
        1.0
        """
        from scalelaw.cost.family import sized

        return sized(N, streams, **others)

    @classmethod
    def from_config(cls, config: Mapping[str, Any] | str | os.PathLike[str]) -> Shape:
        """The shape of a Hugging Face model, from its ``config.json``.

        Parameters
        ----------
        config : mapping, path or object with ``to_dict``
            What ``config.json`` holds, that file, the folder it is in, or a configuration of transformers.

        Raises
        ------
        ScalelawError
            If the file cannot be read, the architecture is not one of those known (they are named), has experts, or a
            value is missing.

        >>> config = {"model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "vocab_size": 128256,
        ...           "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8}
        >>> Shape.from_config(config).head_size
        64
        """
        from scalelaw.cost.configs import shape_from_config

        return shape_from_config(config)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Shape:
        """The shape that :meth:`to_dict` wrote; unknown fields are refused."""
        known = {each.name for each in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ScalelawError(f"a shape has no field {unknown[0]!r}; it was written by another version of scalelaw")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The fields, of the last five only those that differ from a Qwen2-like decoder.

        The ids of cells are hashes of this, and were given before there were any other decoders.
        """
        return {name: value for name, value in asdict(self).items() if name not in _QWEN2 or value != _QWEN2[name]}

    def unlike_qwen2(self) -> tuple[str, ...]:
        """Fields in which this is no Qwen2-like decoder: what the harness cannot train."""
        return tuple(name for name, value in _QWEN2.items() if getattr(self, name) != value)

    def prefix_slots(self, streams: int) -> int:
        """Prefix slots that each stream has: none in the plain model of one stream."""
        return self.prefix_tokens if streams > 1 or self.prefix_at_one else 0


def _heads(width: int) -> int:
    least = 16 if width < 128 else 32 if width < 512 else 64 if width < 2048 else 128
    return next((width // size for size in range(least, width + 1, 2) if width % size == 0), 1)


def check_whole(name: str, value: object, *, least: int) -> None:
    """Refuse what is no whole number of at least so much, or more than a float holds exactly."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**53:
        raise ScalelawError(f"{name} is {value!r}; it must be a whole number of at least {least}")


def _paper(width: int, ffn: int) -> Shape:
    return Shape(
        layers=36,
        width=width,
        heads=16,
        kv_heads=2,
        head_size=width // 16,
        ffn=ffn,
        vocabulary=151936,
        prefix_tokens=48,
    )


PAPER: dict[str, Shape] = {
    "0.5B": _paper(896, 4864),
    "0.7B": _paper(1024, 5504),
    "1.1B": _paper(1280, 6912),
    "1.6B": _paper(1536, 8320),
    "2.8B": _paper(2048, 11008),
    "4.4B": _paper(2560, 13824),
}
"""The six sizes of the ParScale paper (arXiv 2505.10475), by their non-embedding parameters at P = 1."""
