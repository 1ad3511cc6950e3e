"""A sweep as the shell asks for it: by names of corpora, with what is not given left to the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scalelaw.errors import HarnessError
from scalelaw.harness.cell import Cell
from scalelaw.harness.sweep.grids import grid


def cells_asked(settings: Mapping[str, Any]) -> list[Cell] | None:
    """The cells of a grid with corpora given by name, prepared where they are not; None where nothing is asked for.

    Parameters
    ----------
    settings : mapping
        As for :func:`~scalelaw.harness.sweep.grid`, except that ``corpus`` and ``tokenizer`` are lists of names
        (``code`` and ``bytes`` where not given) of which every combination is prepared, and ``held_out`` is the number
        of tokens that each holds out. None counts as not given.

    Raises
    ------
    HarnessError
        If some settings are given, and those that a grid cannot do without are not.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if not given:
        return None
    needed = ("width", "layers", "flops" if "flops" in given else "tokens")
    if missing := [name for name in needed if name not in given]:
        raise HarnessError(
            f"a new sweep, or one that grows, needs {listed(missing)} as well; "
            "the folder alone goes on with what it holds"
        )
    corpora, tokenizers = given.pop("corpus", ["code"]), given.pop("tokenizer", ["bytes"])
    held_out = {"held_out": given["held_out"]} if "held_out" in given else {}
    # first without a corpus: a shape that cannot be is refused before a corpus is prepared
    grid(**given, corpus=_AnyCorpus())
    from scalelaw.harness.corpus import prepare

    return grid(**given, corpus=[prepare(name, tokenizer=each, **held_out) for name in corpora for each in tokenizers])


class _AnyCorpus:
    """A corpus of any length, to try settings on."""

    name, tokenizer, vocabulary, hash = "any", "bytes", 256, ""
    train = range(10**15)

    @property
    def card(self) -> _AnyCorpus:
        return self


def listed(names: Sequence[str]) -> str:
    """
    >>> listed(["width", "layers", "tokens"])
    'width, layers and tokens'
    """
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
