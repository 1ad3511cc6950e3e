"""R's serialisation (XDR, versions 2 and 3): vectors and lists, which is what data sets are made of.

Source: R Internals, section "Serialization Formats".
"""

from __future__ import annotations

import struct
from typing import Any

_NIL, _REFERENCE, _SYMBOL, _PAIRS, _CHARACTERS = 254, 255, 1, 2, 9
_LOGICAL, _INTEGER, _REAL, _STRINGS, _LIST = 10, 13, 14, 16, 19
_HAS_ATTRIBUTES, _HAS_TAG, _LATIN1 = 0x200, 0x400, 0x4000  # bit 2 of the levels that begin at bit 12


def read(data: bytes) -> Any:
    """A vector as a list, attributes left out.

    Raises
    ------
    ValueError
        If the data are torn, or hold anything but vectors and lists.
    """
    try:
        return _Reader(data).whole()
    except (struct.error, RecursionError) as error:
        raise ValueError(f"it is not a whole serialised object ({error})") from error


class _Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 2

    def whole(self) -> Any:
        if self.data[:2] != b"X\n":
            raise ValueError("it is not serialised by R as XDR")
        version, _, _ = self.integers(3)
        if version not in (2, 3):
            raise ValueError(f"it is serialised by R in version {version}")
        if version == 3:
            self.bytes(self.integers(1)[0])  # the name of the native encoding
        return self.item()

    def integers(self, n: int) -> tuple[int, ...]:
        return struct.unpack(f">{n}i", self.bytes(4 * n))

    def bytes(self, n: int) -> bytes:
        if n < 0 or self.at + n > len(self.data):
            raise ValueError("it ends too early")
        self.at += n
        return self.data[self.at - n : self.at]

    def item(self) -> Any:
        (flags,) = self.integers(1)
        kind = flags & 0xFF
        if kind == _REFERENCE and not flags >> 8:
            self.integers(1)  # which symbol: names are not needed
        if kind in (_NIL, _REFERENCE):
            return None
        if kind == _SYMBOL:
            return self.item()
        if kind == _PAIRS:
            return self.pairs(flags)
        if kind == _CHARACTERS:
            return self.characters(flags)
        found = self.vector(kind)
        if flags & _HAS_ATTRIBUTES:
            self.item()
        return found

    def pairs(self, flags: int) -> None:
        for bit in (_HAS_ATTRIBUTES, _HAS_TAG):
            if flags & bit:
                self.item()
        self.item()
        self.item()

    def characters(self, flags: int) -> str | None:
        (size,) = self.integers(1)
        if size == -1:
            return None
        return self.bytes(size).decode("latin-1" if flags & _LATIN1 else "utf-8", "replace")

    def vector(self, kind: int) -> list[Any]:
        (size,) = self.integers(1)
        if kind in (_LOGICAL, _INTEGER):
            return list(self.integers(size))
        if kind == _REAL:
            return list(struct.unpack(f">{size}d", self.bytes(8 * size)))
        if kind in (_STRINGS, _LIST):
            return [self.item() for _ in range(size)]
        raise ValueError(f"it holds an object of R's type {kind}, which is no vector")
