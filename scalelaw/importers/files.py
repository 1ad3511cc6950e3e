"""JSON that other programs wrote, and may have been interrupted in writing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scalelaw.errors import RunsError


def read_json(path: Path, *, torn: str) -> Any:
    """What a file holds; ``torn`` says what to think and do where it is not JSON.

    Raises
    ------
    RunsError
        If it cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunsError(f"cannot read {path}: {error.strerror or error}; check its permissions") from None
    except ValueError:
        raise RunsError(f"{path} is not JSON: {torn}") from None
