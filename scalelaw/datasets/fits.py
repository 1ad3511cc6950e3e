"""Fitted values as the papers print them, with what they say of their uncertainty."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scalelaw.errors import ScalelawError

_FILE = Path(__file__).with_name("published.json")


@dataclass(frozen=True)
class Published:
    """One published fit.

    ``law`` names a law of ``scalelaw.laws``, or is the formula itself where none of them fits. ``params`` are the
    values as printed, in the units of that law. ``se`` are standard errors and ``interval`` (low, high) limits at
    ``level``, for those parameters for which the source gives them. ``metrics`` is what else was reported (``r2``,
    ``objective``, a prediction). ``rows`` says which rows of the set were fitted, as ``load(name, **rows)`` takes them.
    ``delta`` is the Huber threshold, None where there was none.
    """

    law: str
    reference: str
    params: Mapping[str, float] = field(default_factory=dict)
    se: Mapping[str, float] = field(default_factory=dict)
    interval: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    level: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    loss: str = ""
    delta: float | None = None
    how: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        for name in ("params", "se", "metrics", "rows"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        limits = {name: (low, high) for name, (low, high) in self.interval.items()}
        object.__setattr__(self, "interval", MappingProxyType(limits))


def published(name: str) -> tuple[Published, ...]:
    """The papers' own fits to a bundled set, in order of publication.

    Parameters
    ----------
    name : str
        One of :func:`scalelaw.datasets.names`.

    Returns
    -------
    tuple of Published
        Empty where no fit of this set has been published in figures that could be checked.

    Raises
    ------
    ScalelawError
        If there is no such set.

    Examples
    --------
    >>> dict(published("parscale-pile")[0].params)
    {'E': 1.2888, 'A': 197400000.0, 'alpha': 0.1963, 'k': 0.3345}
    """
    fits = _all()
    if name not in fits:
        raise ScalelawError(f"there is no bundled data set {name!r}; there are {', '.join(fits)}")
    return fits[name]


@cache
def _all() -> Mapping[str, tuple[Published, ...]]:
    stored: dict[str, list[dict[str, Any]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return {name: tuple(Published(**fit) for fit in fits) for name, fits in stored.items()}
