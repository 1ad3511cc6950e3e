"""The laws: each a `Law` object; see `ALL` for the built-in ones and `Law` for one's own."""

from scalelaw.errors import LawError
from scalelaw.laws.joint import chinchilla
from scalelaw.laws.law import Law
from scalelaw.laws.single import power_n
from scalelaw.laws.streams import (
    additive_streams,
    log2_streams,
    parscale,
    parscale_data,
    parscale_ensemble,
    power_streams,
)

ALL: dict[str, Law] = {
    law.name: law
    for law in (
        parscale,
        parscale_data,
        parscale_ensemble,
        additive_streams,
        power_streams,
        log2_streams,
        chinchilla,
        power_n,
    )
}


def get(name: str) -> Law:
    """Return the built-in law called ``name``."""
    if name not in ALL:
        raise LawError(f"no law is called {name!r}; there are {', '.join(ALL)}")
    return ALL[name]
