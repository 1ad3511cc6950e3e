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
_INFINITY = re.compile(r"\s*[+-]?inf(inity)?\s*", re.IGNORECASE)


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
    if _INFINITY.fullmatch(text):
        return float(text)  # so that it is reported as infinite, not as text
    match = _QUANTITY.fullmatch(text)
    if match is None or not (match["whole"] or len(match["part"] or "") > 1):
        return None
    digits = (match["whole"] or "0").replace(",", "").replace("_", "") + (match["part"] or "").rstrip(".")
    sign = -1 if match["sign"] == "-" else 1
    try:
        value = Fraction(digits) * Fraction(10) ** int(match["power"] or 0) * _SCALES[(match["scale"] or "").lower()]
        nearest = float(value)
    except (OverflowError, ValueError):  # beyond float64, or more digits than Python will read
        return sign * float("inf")
    return sign * (int(value) if value.denominator == 1 else nearest)
