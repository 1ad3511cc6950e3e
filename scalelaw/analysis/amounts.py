"""Values of columns as people write them."""

from __future__ import annotations

_LETTERS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_COUNTED = frozenset({"N", "N_backbone", "D", "U"})


def amount(name: str, value: float, *, digits: int = 3) -> str:
    """A value of a column as it is written, parameters and tokens with a letter; `scalelaw.runs` reads it back.

    Examples
    --------
    >>> amount("N", 1.4e7), amount("D", 1.4e12), amount("P", 8), amount("C", 3e20)
    ('14M', '1.4T', '8', '3e20')
    >>> amount("N", 1234567890.0), amount("N", 1234567890.0, digits=12)
    ('1.23B', '1.23456789B')
    """
    for size, letter in _LETTERS:
        if name in _COUNTED and value >= size:
            return f"{value / size:.{digits}g}{letter}"
    return f"{value:.{digits}g}".replace("e+", "e")
