"""A table of measurements that grows row by row, in memory and in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalelaw.cost.machine import NOISY
from scalelaw.errors import ScalelawError
from scalelaw.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("model", "shape", "P", "batch", "input_tokens", "output_tokens", "threads", "device", "dtype")
"""What tells one measurement from another."""
_ORDER = ("model", "N", *KEYS[2:6])
_NEED = (*KEYS, "prefill", "per_token", "prefill_spread", "per_token_spread", "memory", "swapped")


class Table:
    """Rows of `measure_costs`.

    Parameters
    ----------
    path : path, optional
        A parquet file, read where it exists, and written whole with every row that is added.
    again : bool
        Forget the noisy rows of the file, so that they are measured again.

    Raises
    ------
    ScalelawError
        If the file cannot be one, or holds something else.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, again: bool = False):
        self.path = None if path is None else Path(path)
        self.rows: list[dict[str, Any]] = []
        if self.path is None:
            return
        if self.path.suffix != ".parquet" or not self.path.parent.is_dir():
            raise ScalelawError(f"cannot write {self.path}: name a .parquet file in a folder that exists")
        if self.path.exists():
            frame = read_measured(self.path)
            kept = frame[~frame["noisy"]] if again else frame
            self.rows = kept.drop(columns="noisy").to_dict("records")  # type: ignore[assignment]

    def __contains__(self, key: dict[str, Any]) -> bool:
        return any(all(row[name] == key[name] for name in KEYS) for row in self.rows)

    def add(self, row: dict[str, Any]) -> None:
        """Take a row, and write the file."""
        self.rows.append(row)
        if self.path is not None:
            frame = self.frame()
            write_atomically(self.path, lambda file: frame.to_parquet(file, index=False))

    def frame(self) -> pd.DataFrame:
        """All rows, with ``noisy``."""
        import pandas as pd

        frame = pd.DataFrame(self.rows)
        first = [name for name in _ORDER if name in frame]
        last = [name for name in ("threads", "device", "dtype", "hardware", "repeats", "shape") if name in frame]
        frame = frame[first + [name for name in frame if name not in first + last] + last]
        return frame.assign(noisy=flagged(frame))


def read_measured(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A table of measurements from its file.

    Raises
    ------
    ScalelawError
        If the file cannot be read or lacks a column.
    """
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise ScalelawError(f"{path} cannot be read as a table of measurements ({error}); name another file") from None
    if missing := [name for name in _NEED if name not in frame]:
        raise ScalelawError(f"{path} is no table of measurements: it lacks {', '.join(missing)}; name another file")
    return frame.assign(noisy=flagged(frame))


def flagged(frame: pd.DataFrame, *, above: float = NOISY) -> pd.Series[bool]:
    """Which rows of a measurement are not to be relied on.

    Those with a spread, (largest - smallest) / median, above a fifth, or with pages read back from disk.
    """
    return (frame[["prefill_spread", "per_token_spread"]] > above).any(axis=1) | (frame["swapped"] > 0)
