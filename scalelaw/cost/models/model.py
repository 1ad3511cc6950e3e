"""What a cost model answers."""

from __future__ import annotations

from typing import Protocol

from scalelaw.cost.hardware import Hardware
from scalelaw.cost.setting import Numbers, Setting

Terms = dict[str, Numbers]


class CostModel(Protocol):
    """Memory and time of a setting, by term; each term is an array that broadcasts to the setting's dimensions."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def memory(self, setting: Setting) -> Terms:
        """Bytes."""
        ...

    def prefill(self, setting: Setting, hardware: Hardware) -> Terms:
        """Seconds from the prompt to what decoding starts from."""
        ...

    def decode(self, setting: Setting, hardware: Hardware) -> Terms:
        """Seconds of all steps of decoding."""
        ...

    def steps(self, setting: Setting) -> Numbers:
        """Steps of decoding that :meth:`decode` counts."""
        ...
