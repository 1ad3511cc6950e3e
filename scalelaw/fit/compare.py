"""Laws compared on the same runs."""

from __future__ import annotations

from typing import Any


def compare(laws: Any, runs: Any, **options: Any) -> Any:
    raise NotImplementedError
