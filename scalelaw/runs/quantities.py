"""Numbers as people write them: 1.6B, 42e9, 500M, 1_000_000, 1,000,000."""

import re
from fractions import Fraction

_SCALES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "bn": 10**9, "g": 10**9, "t": 10**12}
_QUANTITY = re.compile(
    r"\s*(?P<sign>[+-]?)"
    r"(?P<whole>\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)?"
    r"(?P<part>\.\d*)?"
    r"(?:[eE](?P<power>[+-]?\d{1,3}))?"
    r"\s*(?P<scale>[kKmMbBgGtT]|[bB][nN])?\s*",
    re.ASCII,
)


def quantity(text: str) -> int | float | None:
    """Read a number with an optional scale; None where the text is not one.

    ``k``, ``M``, ``B`` (or ``G``, ``bn``) and ``T`` are 10^3, 10^6, 10^9 and 10^12, in either case. Whole results are
    exact integers.

    Examples
    --------
    >>> quantity("1.6B"), quantity("42e9"), quantity("1,000,000"), quantity("2.31")
    (1600000000, 42000000000, 1000000, 2.31)
    >>> quantity("about 3B") is None
    True
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    whole, part = match["whole"] or "", match["part"] or ""
    if not whole and len(part) < 2:
        return _spelled(text)
    digits = whole.replace(",", "").replace("_", "") or "0"
    value = Fraction(digits + (part if len(part) > 1 else "")) * Fraction(10) ** int(match["power"] or 0)
    value *= _SCALES[(match["scale"] or "").lower()] * (-1 if match["sign"] == "-" else 1)
    try:
        return int(value) if value.denominator == 1 else float(value)
    except OverflowError:
        return float("inf")


def _spelled(text: str) -> float | None:
    """Infinity in letters, so that it is reported as infinite and not as text."""
    return float(text) if text.strip().lower().lstrip("+-") in ("inf", "infinity") else None
