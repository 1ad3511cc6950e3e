"""Limits as people write them: 8GiB, 512MB, 60ms/token, 2s/request."""

from __future__ import annotations

import re
from typing import Any

from scalelaw.errors import ScalelawError

_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0, "h": 3600.0}
_NUMBER = r"\s*(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\s*"
_SIZE = re.compile(_NUMBER + r"(?:(?P<scale>[kKmMgGtT]?[iI]?)[bB])?\s*")
_TIME = re.compile(_NUMBER + r"(?P<unit>us|µs|ms|min|s|h)?\s*(?:/\s*(?P<per>token|request))?\s*")


def read_bytes(given: Any) -> float:
    """Bytes, from a number or a text: GB is 10^9 of them, GiB 2^30.

    Raises
    ------
    ScalelawError
        If it is no amount of memory.

    >>> read_bytes("8GiB"), read_bytes("1.5 GB"), read_bytes(4e9)
    (8589934592.0, 1500000000.0, 4000000000.0)
    """
    if isinstance(given, str):
        match = _SIZE.fullmatch(given)
        scale = (match["scale"] or "").upper() if match else "none"
        value = float(match["number"]) * _BYTES[scale] if match and scale in _BYTES else None
    else:
        value = _plain(given)
    if value is None or not 0 < value < float("inf"):
        raise ScalelawError(f"{given!r} is not an amount of memory; write one such as 8GiB, 512MB or a number of bytes")
    return value


def read_seconds(given: Any) -> tuple[float, str]:
    """Seconds and what they are for, ``token`` (also where nothing is said) or ``request``.

    Raises
    ------
    ScalelawError
        If it is no time.

    >>> read_seconds("60ms/token"), read_seconds("2s/request"), read_seconds(0.05)
    ((0.06, 'token'), (2.0, 'request'), (0.05, 'token'))
    """
    per = "token"
    if isinstance(given, str):
        match = _TIME.fullmatch(given)
        value = float(match["number"]) * _SECONDS[match["unit"] or "s"] if match else None
        per = (match["per"] if match else None) or per
    else:
        value = _plain(given)
    if value is None or not 0 < value < float("inf"):
        raise ScalelawError(f"{given!r} is not a time; write one such as 60ms/token, 2s/request or seconds a token")
    return value, per


def size(count: float) -> str:
    """Bytes as a person reads them.

    >>> size(3.5e9), size(2.5e6)
    ('3.26 GiB', '2.38 MiB')
    """
    unit, letter = (2**30, "GiB") if count >= 2**30 else (2**20, "MiB")
    return f"{count / unit:.3g} {letter}"


def duration(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> duration(0.0123), duration(2.0)
    ('12.3 ms', '2 s')
    """
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _plain(given: Any) -> float | None:
    try:
        return None if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        return None
