"""What a bootstrap resamples, and which rows it keeps together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.errors import FitError
from scalelaw.fit.resampling.weights import drawn, exponential

KINDS = (
    *("auto", "pairs", "stratified", "cluster"),
    *("bayesian", "bayesian-stratified", "bayesian-cluster"),
    *("wild", "wild-mammen", "parametric"),
)
_WORDS = {
    "pairs": "resampling runs",
    "stratified": "resampling runs within each {by}",
    "cluster": "resampling whole groups of {by}",
    "bayesian": "weighting runs at random (Bayesian bootstrap)",
    "bayesian-stratified": "weighting runs at random within each {by} (Bayesian bootstrap)",
    "bayesian-cluster": "weighting whole groups of {by} at random (Bayesian bootstrap)",
    "wild": "turning the signs of residuals at random (wild bootstrap)",
    "wild-mammen": "multiplying residuals by Mammen's random factors (wild bootstrap)",
    "parametric": "drawing new losses from the fitted law (parametric bootstrap; {noise})",
}
_GROUPED = {
    "wild": "turning the signs of residuals at random, one sign for each {by} (wild bootstrap)",
    "wild-mammen": "multiplying residuals by Mammen's random factors, one for each {by} (wild bootstrap)",
    "parametric": (
        "drawing new losses from the fitted law, rows of one {by} sharing noise (parametric bootstrap; {noise})"
    ),
}


def describe(kind: str, by: str = "", noise: str = "") -> str:
    """A kind of bootstrap in words.

    Examples
    --------
    >>> describe("cluster", "run")
    'resampling whole groups of run'
    """
    words = _GROUPED.get(kind, _WORDS[kind]) if by else _WORDS[kind]
    return words.format(by=by, noise=noise)


@dataclass(frozen=True)
class Resampling:
    """Which rows are drawn together: ``groups`` (rows,) numbers the strata or the clusters."""

    kind: str
    by: str
    groups: np.ndarray

    @classmethod
    def plan(cls, kind: str, by: str | None, table: Mapping[str, Any]) -> Resampling:
        """Resolve ``"auto"`` and read the grouping column.

        Rows that share a ``run`` stay together in every kind that has clusters: ``bayesian`` becomes
        ``bayesian-cluster``, the wild kinds give all checkpoints of a run one factor, and ``parametric`` gives them
        noise in common.

        Raises
        ------
        FitError
            If the kind is unknown, the column is missing, or there are fewer than two clusters.
        """
        if kind not in KINDS:
            raise FitError(f"resample must be one of {', '.join(KINDS)}, not {kind!r}")
        rows = len(table["loss"])
        together = by is not None or shared_runs(table) is not None
        if kind == "auto":
            kind = "cluster" if together else "pairs"
        elif kind == "bayesian" and together:
            kind = "bayesian-cluster"
        if kind in ("pairs", "parametric") and by is not None:
            raise FitError(f"resampling {kind} has no groups, so by={by!r} means nothing; leave it out")
        if kind == "pairs" or (kind in ("bayesian", "wild", "wild-mammen", "parametric") and not together):
            return cls(kind, "", np.arange(rows))
        return cls._grouped(kind, by or ("P" if kind.endswith("stratified") else "run"), table)

    @classmethod
    def _grouped(cls, kind: str, by: str, table: Mapping[str, Any]) -> Resampling:
        if by not in table:
            raise FitError(f"resampling by {by!r} needs a column {by!r}; the table has {', '.join(map(repr, table))}")
        groups = numbered(table[by])
        if not kind.endswith("stratified") and groups.max() < 1:
            raise FitError(f"resampling clusters needs at least two values of {by!r}, and the table has one")
        return cls(kind, by, groups)

    @property
    def weighted(self) -> bool:
        """Whether resamples differ in the weights of the rows; otherwise in their losses."""
        return not self.kind.startswith(("wild", "parametric"))

    @property
    def clusters(self) -> int:
        """How many groups are drawn, or have noise, as wholes; 0 where rows do."""
        return int(self.groups.max()) + 1 if self.by and not self.kind.endswith("stratified") else 0

    def weights(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Weight of each row in each resample, shape (count, rows): times drawn, or exponential weights of mean 1."""
        draw = exponential if self.kind.startswith("bayesian") else drawn
        size = len(self.groups)
        if self.kind.endswith("cluster"):
            return draw(int(self.groups.max()) + 1, count, rng)[:, self.groups]
        if not self.kind.endswith("stratified"):
            return draw(size, count, rng)
        weights = np.empty((count, size))
        for group in range(int(self.groups.max()) + 1):
            members = np.flatnonzero(self.groups == group)
            weights[:, members] = draw(len(members), count, rng)
        return weights


def numbered(names: Any) -> np.ndarray:
    """Names as the numbers 0, 1, ... of the different ones, shape (rows,)."""
    return np.asarray(np.unique([str(name) for name in names], return_inverse=True)[1])


def shared_runs(table: Mapping[str, Any]) -> np.ndarray | None:
    """The column ``run`` where rows share runs, as checkpoints do; None where each is a run of its own."""
    if "run" not in table:
        return None
    names = np.asarray(table["run"])
    return names if len({str(name) for name in names}) < len(names) else None
