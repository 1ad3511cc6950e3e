"""Which streams a call takes: none, a set in memory, or some streams of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor

from scalelaw.errors import PretrainedError

Key = tuple[str, tuple[int, ...]]
"""Name of a set, and its streams that are taken."""

Asked = int | str | Sequence[int] | Sequence[int | str] | Tensor | None
"""P, where 1 is the model without streams; the name of a set; as a list of numbers, the streams to keep of the one
chosen; or what each row of the batch asks for: P of each as a tensor of whole numbers (B), or a list with names in it.

Of a nested set any P up to its own can be asked for, and its first P streams are taken. Of several sets of one P the
chosen one is."""


def _nested(decoder: Any, name: str) -> bool:
    """Whether the first streams of a set serve without the others."""
    own = name == decoder.stream_name
    return bool((decoder.stream_settings if own else decoder.resting_streams[name].settings).nested)


def sets_of(decoder: Any) -> dict[str, int]:
    """P of every set of streams in memory, by name."""
    own = {decoder.stream_name: decoder.stream_settings.streams} if decoder.stream_settings.streams > 1 else {}
    return own | {name: each.settings.streams for name, each in decoder.resting_streams.items()}


def resolve(decoder: Any, asked: Asked) -> Key | None:
    """What a request means; None for the model without streams.

    Raises
    ------
    PretrainedError
        If no set in memory, or more than one, is what was asked for.
    """
    if asked is None:
        return decoder.stream_choice
    sets = sets_of(decoder)
    if isinstance(asked, str):
        if asked not in sets:
            raise PretrainedError(f"there are no streams named {asked!r} in memory; {_listed(sets)}")
        return asked, tuple(range(sets[asked]))
    if isinstance(asked, int) and not isinstance(asked, bool):
        return _by_count(decoder, sets, asked)
    return _some(decoder, sets, asked)


def by_row(asked: Asked) -> bool:
    """Whether each row of a batch has a request of its own: a tensor, or a list with the name of a set in it."""
    return isinstance(asked, Tensor) or (
        isinstance(asked, Sequence) and not isinstance(asked, str) and any(isinstance(each, str) for each in asked)
    )


def requests_in(asked: Asked, batch: int) -> list[int | str]:
    """P, or the name of a set, of each row of a batch.

    Raises
    ------
    PretrainedError
        If it is not one request for each row.
    """
    if isinstance(asked, Tensor):
        if asked.is_floating_point() or asked.dim() != 1 or len(asked) != batch:
            raise PretrainedError(
                f"streams is a tensor of shape {tuple(asked.shape)} and type {asked.dtype}, and the batch has {batch} "
                f"rows; give one whole number a row"
            )
        return [int(P) for P in asked.tolist()]
    each = list(cast(Sequence[int | str], asked))
    if len(each) != batch or not all(isinstance(one, str) or type(one) is int for one in each):
        raise PretrainedError(
            f"streams is {asked!r}, and the batch has {batch} rows; give the name of a set, or P, for each row"
        )
    return each


def _by_count(decoder: Any, sets: dict[str, int], P: int) -> Key | None:
    if P < 1:
        raise PretrainedError(f"streams is {P}; it must be at least 1, which is the model without streams")
    if P == 1:
        return None
    names = [name for name, count in sets.items() if count == P]
    names = names or [name for name, count in sets.items() if count > P and _nested(decoder, name)]
    if not names:
        raise PretrainedError(f"there is no set of {P} streams in memory; {_listed(sets)}")
    if len(names) > 1 and decoder.stream_choice is not None and decoder.stream_choice[0] in names:
        names = [decoder.stream_choice[0]]
    if len(names) > 1:
        raise PretrainedError(f"{' and '.join(map(repr, names))} have {P} streams each; ask for one by its name")
    return names[0], tuple(range(P))


def _some(decoder: Any, sets: dict[str, int], asked: Any) -> Key:
    chosen = decoder.stream_choice or (decoder.stream_name, ())
    name, P = chosen[0], sets.get(chosen[0], 1)
    try:
        kept = tuple(asked)
    except TypeError:
        kept = ()
    if not kept or len(set(kept)) < len(kept) or not set(kept) <= set(range(P)) or P == 1:
        raise PretrainedError(
            f"streams is {asked!r}; give a number of streams, the name of a set, or some of 0 to {P - 1}, each once "
            f"(P of each row of a batch is a tensor)"
        )
    return name, kept


def _listed(sets: dict[str, int]) -> str:
    if not sets:
        return "the model has none; give it some with add_streams or load_streams"
    return "there are " + ", ".join(f"{name!r} (P = {count})" for name, count in sets.items())
