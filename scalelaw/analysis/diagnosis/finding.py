"""A finding: what is doubtful, and what would mend it, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One thing that a reader should know.

    Attributes
    ----------
    about : str
        ``design``, ``degenerate``, ``identifiability``, ``outliers``, ``influence`` or ``residuals``.
    says : str
        What is the matter, in one sentence.
    cure : str
        What to do about it; empty where nothing is to be done.
    """

    about: str
    says: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.says} {self.cure}".rstrip()


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """One row a finding: ``about``, ``says``, ``cure``."""
    import pandas as pd

    rows = [(each.about, each.says, each.cure) for each in findings]
    return pd.DataFrame(rows, columns=["about", "says", "cure"])


def joined(names: Iterable[str]) -> str:
    """Names as a list in a sentence.

    Examples
    --------
    >>> joined(["E", "A", "alpha"])
    'E, A and alpha'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def count(number: int, what: str) -> str:
    """A number of things, in words.

    Examples
    --------
    >>> count(1, "run"), count(3, "run")
    ('1 run', '3 runs')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
