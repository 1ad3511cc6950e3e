"""The laws: each a `Law` object; see `ALL` for the built-in ones and `Law` for one's own."""

from difflib import get_close_matches

from scalelaw.errors import LawError
from scalelaw.laws.joint import chinchilla, coupled, kaplan, overtrained
from scalelaw.laws.law import Law
from scalelaw.laws.repeated import data_constrained
from scalelaw.laws.single import broken_power, power_c, power_d, power_n
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
        kaplan,
        coupled,
        overtrained,
        data_constrained,
        power_n,
        power_d,
        power_c,
        broken_power,
    )
}


def get(name: str) -> Law:
    """Return the built-in law called ``name``."""
    if name in ALL:
        return ALL[name]
    near = get_close_matches(name, ALL)
    hint = f"did you mean {' or '.join(near)}?" if near else f"built in are {', '.join(ALL)};"
    raise LawError(f"no law is called {name!r}; {hint}")
