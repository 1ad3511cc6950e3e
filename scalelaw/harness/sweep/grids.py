"""Every combination of some settings, as cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any, Protocol, get_args

from scalelaw.cost import Shape
from scalelaw.cost.parameters import check_streams
from scalelaw.cost.training import Trained
from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Cell, Recipe, Streams, check_choice
from scalelaw.harness.stages import equal_flops
from scalelaw.harness.stages import two_stage as two_stages
from scalelaw.harness.sweep.folder import with_starts


class Card(Protocol):
    """What a cell takes from a corpus."""

    @property
    def name(self) -> str: ...
    @property
    def tokenizer(self) -> str: ...
    @property
    def vocabulary(self) -> int: ...
    @property
    def hash(self) -> str: ...


class Corpus(Protocol):
    """A prepared corpus: its card, and its training tokens, of which there must be enough."""

    @property
    def card(self) -> Card: ...
    @property
    def train(self) -> Sequence[int] | Any: ...


_OF_SHAPE = ("heads", "kv_heads", "ffn", "tied", "bias", "prefix_tokens", "aggregation", "prefix_at_one")
_OF_STREAMS = tuple(each.name for each in fields(Streams) if each.name != "count")
_OF_RECIPE = tuple(each.name for each in fields(Recipe))
_STREAMS_SHAPE = ("prefix_tokens", "aggregation", "prefix_at_one")
# what makes no difference to the plain model, which is therefore one cell whatever their values
_NOT_PLAIN = ("prefix_tokens", "aggregation", "prefix_rate", *_OF_STREAMS)


@dataclass(frozen=True)
class _Stages:
    """How a cell is cut in two."""

    share: float
    trained: Trained


def grid(
    *,
    width: int | Iterable[int],
    layers: int | Iterable[int],
    corpus: Corpus | Iterable[Corpus],
    tokens: int | Iterable[int] | None = None,
    flops: float | Iterable[float] | None = None,
    streams: int | Iterable[int] = 1,
    seeds: int | Iterable[int] = 1,
    repeat: bool = False,
    held_out: int | None = None,
    two_stage: float | None = None,
    trained: Trained = "all",
    **options: Any,
) -> list[Cell]:
    """Cells of every combination of the settings, each of which is one value or several.

    Parameters
    ----------
    width, layers, streams, tokens : int or several
        Sizes, P, and training tokens of text.
    flops : float or several
        Training compute C of each cell, instead of its tokens: cells of one C, whatever their size and P, as for
        isoFLOP curves or a comparison of streams at equal compute (:func:`~scalelaw.harness.stages.equal_flops`).
    corpus : prepared corpus or several
        See :func:`scalelaw.harness.corpus.prepare`; its hash and vocabulary go into the cells.
    seeds : int or several
        How many (they are 0, 1, ...), or which.
    repeat : bool
        Whether a corpus may be gone through more than once.
    held_out : int, optional
        Tokens that the corpora were asked to hold out, if another number than by default: a machine that has to make
        them again needs to know.
    two_stage : float, optional
        Share of the tokens that stage two takes. For each shape and seed there is one cell of stage one (P = 1,
        constant rate) on the rest of the tokens, and for each P one that goes on from it, with the rate annealed.
    trained : {"all", "streams"}
        What stage two trains. Where P = 1 has no prefix it has no streams to train, and all of it is trained.
    **options
        Of :class:`~scalelaw.cost.Shape` (heads, ffn, prefix_tokens, aggregation, ...),
        :class:`~scalelaw.harness.cell.Streams` (smoothing, prefix, ...) and
        :class:`~scalelaw.harness.cell.Recipe` (batch, context, rate, schedule, ...), one value or several each.

    Returns
    -------
    list of Cell
        Each once. Options that concern prefixes and aggregator make no second cell of P = 1, where there are none.

    Raises
    ------
    ScalelawError
        If a value cannot be used, an option is unknown, or a corpus is too short.

    Examples
    --------
    >>> from types import SimpleNamespace as Some
    >>> card = Some(name="code", tokenizer="bytes", vocabulary=256, hash="0123456789abcdef")
    >>> cells = grid(width=[32, 48], layers=4, streams=[1, 2], tokens=400_000, seeds=2,
    ...              corpus=Some(card=card, train=range(10**6)))
    >>> len(cells), cells[0].name
    (8, 'w32-l4-p1-397k-s0')
    """
    _check_options(options)
    if trained == "streams" and two_stage is None:
        raise HarnessError("streams alone can only be trained on a backbone that is trained already, in a second stage")
    check_choice("trained", trained, get_args(Trained))  # of P = 1 it would not show, as all of it is trained
    if (tokens is None) == (flops is None):
        raise HarnessError("a cell needs either tokens or flops, which say how long it is trained; give one of the two")
    if two_stage is not None and flops is not None:
        raise HarnessError("training in two stages is cut by tokens, so it takes tokens and no flops")
    if two_stage is not None and "schedule" in options:
        raise HarnessError("training in two stages has schedules of its own; leave the schedule out")
    if isinstance(seeds, int) and seeds < 1:
        raise HarnessError(f"seeds is {seeds}; it is how many, at least 1, or a list of which")
    stages = None if two_stage is None else _Stages(two_stage, trained)
    axes = {
        "corpus": _several(corpus),
        "width": _several(width),
        "layers": _several(layers),
        **({"tokens": _several(tokens)} if flops is None else {"flops": _several(flops)}),
        **{name: _several(value) for name, value in options.items()},
        "streams": _several(streams),
        "seed": list(range(seeds)) if isinstance(seeds, int) else list(seeds),
    }
    if empty := next((name for name, values in axes.items() if not values), None):
        raise HarnessError(f"there is no value of {empty}; give at least one")
    chosen = (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    return with_starts(_cell(each, repeat, held_out, stages) for each in chosen)


def _cell(chosen: Mapping[str, Any], repeat: bool, held_out: int | None, stages: _Stages | None) -> Cell:
    from scalelaw.harness.batches import check_enough

    card, P = _card(chosen["corpus"]), chosen["streams"]
    check_streams(P)
    _parts(chosen, card)  # what is left out at this P must be right as well
    chosen = _canonical(chosen, P)
    shape, streams, recipe = _parts(chosen, card)
    cell = Cell(
        shape=shape,
        streams=streams,
        recipe=recipe,
        tokens=chosen.get("tokens", recipe.tokens_a_step),
        seed=chosen["seed"],
        corpus=card.name,
        tokenizer=card.tokenizer,
        corpus_hash=card.hash,
        repeat=repeat,
        held_out=held_out,
    )
    cell = equal_flops(cell, chosen["flops"]) if "flops" in chosen else cell
    check_enough(
        len(chosen["corpus"].train),
        steps=cell.steps,
        batch=cell.recipe.batch,
        context=cell.recipe.context,
        repeat=repeat,
        corpus=card.name,
    )
    return cell if stages is None else _in_stages(cell, stages)


def _parts(chosen: Mapping[str, Any], card: Card) -> tuple[Shape, Streams, Recipe]:
    shape = Shape.scaled(
        width=chosen["width"], layers=chosen["layers"], vocabulary=card.vocabulary, **_of(chosen, _OF_SHAPE)
    )
    return shape, Streams(count=chosen["streams"], **_of(chosen, _OF_STREAMS)), Recipe(**_of(chosen, _OF_RECIPE))


def _card(corpus: Any) -> Card:
    try:
        card: Card = corpus.card
    except AttributeError:
        raise HarnessError(
            f"corpus is {corpus!r}; give what scalelaw.harness.corpus.prepare gives, or several of them"
        ) from None
    return card


def _canonical(chosen: Mapping[str, Any], P: int) -> dict[str, Any]:
    """The settings without those that make no difference at this P, so that cells which train alike are one cell."""
    prefixed = P > 1 or bool(chosen.get("prefix_at_one"))
    none = ("prefix_at_one",) if P > 1 else ("aggregation", "smoothing") if prefixed else _NOT_PLAIN
    return {name: value for name, value in chosen.items() if name not in none}


def _in_stages(cell: Cell, stages: _Stages) -> Cell:
    """Stage two of a cell; its start, stage one, is the same whatever the prefixes and the aggregator are like."""
    has_streams = cell.streams.count > 1 or cell.shape.prefix_slots(1)
    second = two_stages(cell, share=stages.share, trained=stages.trained if has_streams else "all")
    assert second.start is not None
    kept = {name: value for name, value in cell.shape.to_dict().items() if name not in _STREAMS_SHAPE}
    return replace(second, start=replace(second.start, shape=Shape.from_dict(kept)))


def _of(chosen: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: chosen[name] for name in names if name in chosen}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]


def _check_options(options: Mapping[str, Any]) -> None:
    known = [*_OF_SHAPE, *_OF_STREAMS, *_OF_RECIPE]
    for name in options:
        if name not in known:
            raise HarnessError(f"a cell has no setting {name!r}; there are {', '.join(known)}")
