"""Scores as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("P", "task", "metric", "value", "stderr", "n")


def frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows under the columns of a table of scores."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def summed(scores: np.ndarray) -> dict[str, Any]:
    """Mean of the scores of questions, its standard error, and how many there are."""
    n = len(scores)
    error = float(np.std(scores, ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    return {"value": float(np.mean(scores)), "stderr": error, "n": n}
