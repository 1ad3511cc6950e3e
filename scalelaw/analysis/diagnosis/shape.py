"""What the columns of a design show by themselves: few runs or sizes, short ranges, columns that grow together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scalelaw.analysis.amounts import amount
from scalelaw.analysis.diagnosis.finding import Finding, count, joined
from scalelaw.laws.law import Law

_SAME_SIZE = 0.1
"""Relative difference of two sizes that count as one."""
_FEW_SIZES, _FEW = 4, 3
"""Sizes that a power law should have, and runs a parameter."""
_SHORT = 5.0
"""Range of a column, as a factor, that is short for an exponent."""
_ALIGNED = 0.95
"""Correlation of the logarithms of two columns whose terms are hard to tell apart."""
_FAR = 10.0
"""How many times beyond the runs is far."""


def shape(law: Law, columns: Mapping[str, np.ndarray], refused: str) -> list[str]:
    """Sentences on few runs, few sizes, short ranges, columns that grow together, one size for each P."""
    found = []
    rows, needed = len(columns[law.columns[0]]), len(law.parameters)
    if needed <= rows < _FEW * needed:
        found.append(f"{count(rows, 'run')} for {needed} parameters leave little to spare.")
    for name, values in columns.items():
        sizes = sizes_of(values)
        few, span = len(sizes), float(values.max() / values.min())
        if 1 < few < _FEW_SIZES and name != "P":
            only = f"{name} has only {few} sizes ({joined(amount(name, each) for each in sizes)})"
            found.append(f"{only}: a floor, an amplitude and an exponent need more than three.")
        elif 1 < span < _SHORT and name != "P":
            found.append(f"{name} spans only a factor of {span:.2g}, little for an exponent.")
    names = [name for name in columns if np.ptp(columns[name]) > 0]
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            correlation = float(np.corrcoef(np.log(columns[one]), np.log(columns[other]))[0, 1])
            tied = {one, other} == {"D", "U"}  # unique tokens are a part of all tokens
            if abs(correlation) > _ALIGNED and not tied and "times N in every run" not in refused:
                together = f"{one} and {other} {'grow together' if correlation > 0 else 'trade off'} in these runs"
                how = f"correlation of logarithms {correlation:.3f}"
                found.append(f"{together} ({how}): their terms are hard to tell apart.")
    return found + _crossed(columns)


def _crossed(columns: Mapping[str, np.ndarray]) -> list[str]:
    """A sentence if every P was trained at one size only, while sizes differ."""
    if not {"N", "P"} <= set(columns) or len(np.unique(columns["P"])) < 2 or len(sizes_of(columns["N"])) < 2:
        return []
    each = [len(sizes_of(columns["N"][columns["P"] == streams])) for streams in np.unique(columns["P"])]
    if max(each) > 1:
        return []
    return ["Every P was run at one size only, so that what streams bring is mixed with what size brings."]


def sizes_of(values: np.ndarray) -> np.ndarray:
    """Different sizes of a column, smallest first; values within a tenth of the smallest of a size are of that size.

    Examples
    --------
    >>> sizes_of(np.array([1.0e9, 1.02e9, 2e9]))
    array([1.e+09, 2.e+09])
    """
    sizes: list[float] = []
    for value in np.unique(values).tolist():
        if not sizes or value > sizes[-1] * (1 + _SAME_SIZE):
            sizes.append(value)
    return np.array(sizes)


def beyond(columns: Mapping[str, np.ndarray], target: Mapping[str, float] | None, error: float) -> list[Finding]:
    """A sentence on how far beyond the runs a target lies."""
    if target is None:
        return []
    factors = {name: max(value / columns[name].max(), columns[name].min() / value) for name, value in target.items()}
    far = {name: factor for name, factor in factors.items() if factor > 1.001}
    if not far:
        return []
    each = (f"{name} = {amount(name, target[name])} is {factor:.3g} times beyond them" for name, factor in far.items())
    where = joined(each)
    sure = "cannot be known" if not np.isfinite(error) else f"will be known to {100 * error:.2g} % if the law holds"
    cure = "Train a larger run first: that the law holds so far is not shown." if max(far.values()) > _FAR else ""
    return [Finding("design", f"The run to predict lies outside of the runs: {where}; its loss {sure}.", cure)]


def helps(run: Mapping[str, float], before: float, after: float, *, possible: bool = True) -> str:
    """The run that would help, in words; empty where none is found. Is the law possible without it?"""
    if not run or not after < before:
        return ""
    where = joined(f"{name} = {amount(name, value)}" for name, value in run.items())
    was = f"{before:.0f} without it" if possible else "without it the law cannot be fitted"
    return f"A run at {where} would help most (condition {after:.0f}; {was})."
