"""What a ``config.json`` says of rotary positions, in the words of transformers 4 or 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rope:
    """Rotary positions.

    Attributes
    ----------
    base : float or None
        Of the angles; None where it is left to the model's own default, or where layers differ.
    kind : str
        ``default``, or how angles are scaled (``yarn``, ``linear``, ...); ``by layer`` where layers differ.
    """

    base: float | None
    kind: str


def rope_of(config: Mapping[str, Any]) -> Rope:
    """The rotary positions of a configuration.

    transformers 4 writes ``rope_theta`` and ``rope_scaling``, transformers 5 puts both into ``rope_parameters``; where
    a configuration holds old and new words, what transformers 5 takes goes first.

    >>> rope_of({"rope_theta": 1e6, "rope_scaling": {"type": "yarn", "factor": 4.0}})
    Rope(base=1000000.0, kind='yarn')
    >>> rope_of({"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}})
    Rope(base=1000000.0, kind='default')
    """
    said = {**(config.get("rope_parameters") or {}), **(config.get("rope_scaling") or {})}
    if any(isinstance(each, Mapping) for each in said.values()):
        return Rope(None, "by layer")
    return Rope(said.get("rope_theta", config.get("rope_theta")), said.get("rope_type", said.get("type", "default")))
