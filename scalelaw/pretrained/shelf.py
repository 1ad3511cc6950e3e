"""Where sets of streams rest, by name."""

from __future__ import annotations

from typing import Any

from torch import nn


class Shelf(nn.Module):
    """Modules by name, numbered within, so that any text can be a name: ``train``, ``a.b`` and ``keys`` too."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, str] = {}

    def __getitem__(self, name: str) -> Any:
        return self._modules[self.places[name]]

    def __setitem__(self, name: str, module: nn.Module) -> None:
        place = next(str(i) for i in range(len(self.places) + 1) if str(i) not in self._modules)
        self.add_module(place, module)
        self.places[name] = place

    def __delitem__(self, name: str) -> None:
        del self._modules[self.places.pop(name)]

    def items(self) -> list[tuple[str, Any]]:
        """Names and modules, in the order in which they were put here."""
        return [(name, self[name]) for name in self.places]
