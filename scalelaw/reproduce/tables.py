"""The paper's tables of prediction errors, and what streams are worth in parameters, as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from scalelaw.analysis import equivalence
from scalelaw.files import write_atomically
from scalelaw.fit import Fit

STREAMS = (1, 2, 4, 8)


def prediction_errors(fit: Fit) -> pd.DataFrame:
    """N, P, observed and predicted loss, and the error, predicted minus observed, of every run.

    The content of Tables 8 to 11 of Chen et al. 2025, arXiv:2505.10475.
    """
    frame = fit.residuals()
    return frame[["N", "P", "loss", "predicted", "error"]].rename(columns={"loss": "observed"})


def equivalents_table(fits: Mapping[str, Fit]) -> pd.DataFrame:
    """How many parameters every size is worth with 1 to 8 streams, by corpus, with intervals."""
    parts = []
    for corpus, fit in fits.items():
        sizes = np.unique(np.asarray(fit.columns["N"])[np.asarray(fit.columns["P"]) == 1])
        part = equivalence(fit, N=sizes, P=STREAMS)
        part.insert(0, "corpus", corpus)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def write_tables(fits: Mapping[str, Fit], equivalents: pd.DataFrame, folder: Path) -> tuple[Path, ...]:
    """Write ``prediction-errors.csv`` and ``equivalents.csv``; six significant digits."""
    parts = []
    for corpus, fit in fits.items():
        part = prediction_errors(fit)
        part.insert(0, "corpus", corpus)
        parts.append(part)
    tables = {"prediction-errors.csv": pd.concat(parts), "equivalents.csv": equivalents}
    return tuple(
        write_atomically(folder / name, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
        for name, table in tables.items()
    )
