"""Starts of its own for every resample: the start grid under each resample's weights and losses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scalelaw.fit.objective import Problem
from scalelaw.fit.starts import project, start_grid
from scalelaw.laws.law import Law

_PER_AXIS, _SCATTERED, _KEPT = 8, 96, 2


def own_starts(law: Law, problem: Problem, batch: int) -> Iterator[np.ndarray]:
    """The best and the next best grid point of each of ``batch`` problems, each of shape (batch, p).

    At each grid point the amplitudes are solved for under every resample's own weights and losses.
    """
    grid = start_grid(law, per_axis=_PER_AXIS, scattered=_SCATTERED)
    size = problem.size
    values = np.full((batch, _KEPT), np.inf)
    kept = np.empty((batch, _KEPT, size))
    for point in range(len(grid.points)):
        x, value = project(problem, grid.one(point, batch))
        place = (value[:, None] >= values).sum(1)
        for rank in range(_KEPT):
            here = np.flatnonzero(place == rank)
            values[here, rank + 1 :] = values[here, rank:-1]
            kept[here, rank + 1 :] = kept[here, rank:-1]
            values[here, rank], kept[here, rank] = value[here], x[here]
    for rank in range(_KEPT):
        yield kept[:, rank]
