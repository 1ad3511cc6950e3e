"""A machine described in a JSON file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from scalelaw.cost.hardware import Hardware
from scalelaw.errors import ScalelawError


def read_hardware(path: str | os.PathLike[str]) -> Hardware:
    """The machine of a JSON file that holds the fields of :class:`Hardware`.

    Raises
    ------
    ScalelawError
        If the file cannot be read, is not JSON, or describes no machine.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ScalelawError(f"cannot read {path}: {error.strerror or error}; name a JSON file of a machine") from None
    except ValueError:
        raise ScalelawError(
            f"{path} is not JSON; write the fields of a machine, name, peak, bandwidth, memory"
        ) from None
    if not isinstance(values, dict):
        raise ScalelawError(f"{path} describes no machine; it should be an object with name, peak, bandwidth, memory")
    return Hardware.from_dict(values)
