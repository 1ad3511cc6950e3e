"""Train cells of one shape together in JAX: one compiled program takes a step of each of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from scalelaw.errors import HarnessError, Stopped
from scalelaw.harness.cell import Cell
from scalelaw.harness.jax.feeding import Feed, feed, nothing
from scalelaw.harness.jax.grouping import check_alike
from scalelaw.harness.jax.places import Place
from scalelaw.harness.jax.running import JaxRun, Stride
from scalelaw.harness.jax.stepping import make_steps
from scalelaw.harness.jax.training import begun, placed
from scalelaw.harness.running import curve_steps

Failed = Callable[[Cell, HarnessError], None]


def train_together(
    cells: Sequence[Cell],
    folders: Sequence[str | os.PathLike[str]],
    *,
    device: str = "auto",
    devices: int = 1,
    checkpoint_seconds: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
    failed: Failed = lambda *_: None,
) -> list[dict[str, Any] | HarnessError]:
    """Train cells of one shape side by side in one compiled program, each in its folder.

    Each cell gets the files, checkpoints and row that :func:`~scalelaw.harness.jax.train` gives it alone, and its
    losses to rounding. One that diverges, or cannot be begun, does not touch the others. Cells may stand at different
    steps when they are gone on with.

    Parameters
    ----------
    cells : sequence of Cell
        They may differ in seed, rate, schedule, clipping, weight decay, prefix_rate, prefix_scale and near_identity.
    folders : sequence of path
        A folder a cell.
    device, devices, checkpoint_seconds
        As for :func:`~scalelaw.harness.jax.train`.
    stop : callable
        Asked between calls of the program; when it says yes, every cell is checkpointed and Stopped raised.
    failed : callable
        Told at once of a cell that diverged or could not be begun.

    Returns
    -------
    list of dict or HarnessError
        The row of each cell, or why it has none. ``seconds`` is the cell's share of the time.

    Raises
    ------
    Stopped
        If ``stop`` said so.
    HarnessError
        If the cells cannot be trained together, or the device cannot be used.
    """
    check_alike(cells)
    with placed(cells[0], device, devices) as place:
        together = Together(cells, [Path(each) for each in folders], place, failed)
        together.steps(stop, checkpoint_seconds)
    return together.ended


class Together:
    """Runs whose weights, moments and settings are stacked along a first axis.

    A cell that has ended goes along until half of them have, as another number of cells is compiled anew.
    """

    def __init__(self, cells: Sequence[Cell], folders: Sequence[Path], place: Place, failed: Failed):
        self.cells, self.place, self.failed = cells, place, failed
        self.outcomes: dict[int, dict[str, Any] | HarnessError] = {}
        self.runs: dict[int, JaxRun] = {}
        for index, (cell, folder) in enumerate(zip(cells, folders, strict=True)):
            try:
                self.runs[index] = begun(cell, folder, place)
                self.runs[index].sign()
            except HarnessError as error:
                self.fail(index, error)
        self.stride = Stride()
        self.stack()

    @property
    def left(self) -> list[int]:
        """Those of the stack that have not ended."""
        return [index for index in self.stacked if index not in self.outcomes]

    @property
    def ended(self) -> list[dict[str, Any] | HarnessError]:
        return [self.outcomes[index] for index in range(len(self.cells))]

    def stack(self) -> None:
        """Put together the runs that have not ended."""
        self.stacked = [index for index in self.runs if index not in self.outcomes]
        runs = [self.runs[index] for index in self.stacked]
        if runs:
            whole = [(run.trained, run.moments, run.kept, run.settings) for run in runs]
            stacked = jax.tree.map(lambda *each: jnp.stack(each), *whole)
            self.trained, self.moments, self.kept, self.settings = self.place.copy(stacked)

    def hand_out(self) -> None:
        """Give each run that has not ended its part."""
        for place, index in enumerate(self.stacked):
            if index not in self.outcomes:
                own = jax.tree.map(lambda each, place=place: each[place], (self.trained, self.moments))
                self.runs[index].trained, self.runs[index].moments = own

    def steps(self, stop: Callable[[], bool], checkpoint_seconds: float) -> None:
        """Take the steps that are left."""
        saved = last = time.monotonic()
        for index in self.left:
            if self.runs[index].progress.step == self.cells[index].steps:  # its checkpoint stood at the end
                self.attempt(index, self.finish, index)
        while left := self.left:
            if stop():
                self.checkpoint()
                count = f"{len(left)} cell{'s' if len(left) != 1 else ''}"
                raise Stopped(f"{count} trained together stopped; each goes on from its checkpoint")
            self.step()
            now = time.monotonic()
            for index in left:
                self.runs[index].progress.seconds += (now - last) / len(left)
            last = now
            self.settle()
            if time.monotonic() - saved > checkpoint_seconds:
                self.checkpoint()
                saved = time.monotonic()

    def step(self) -> None:
        """Steps of all cells, up to the next point of any learning curve."""
        left = self.left
        count = min(self.runs[index].ahead(self.stride.steps) for index in left)
        fed = [self.fed(index, count) for index in self.stacked]
        tokens, rates, gates = (np.stack(each) for each in zip(*fed, strict=True))
        steps = make_steps(self.runs[left[0]].program, self.place, together=True)
        with self.stride:
            whole = Feed(self.place.spread(tokens, axis=2), rates, gates)
            self.trained, self.moments, *seen = steps(
                self.trained, self.moments, self.kept, self.settings, whole, count
            )
            losses, norms = map(np.asarray, seen)
        for place, index in enumerate(self.stacked):
            if index in left:
                self.attempt(index, self.runs[index].advance, losses[place], norms[place], count)

    def fed(self, index: int, count: int) -> Feed:
        run = self.runs[index]
        if index in self.outcomes:
            return nothing(run.cell, run.corpus.train.dtype)
        return feed(run.cell, run.corpus.train, run.progress.step, count)

    def settle(self) -> None:
        """What is due after steps: points of learning curves, words of progress, ends."""
        due = [index for index in self.left if self.runs[index].progress.step in curve_steps(self.cells[index])]
        if due:
            self.hand_out()
        for index in self.left:
            self.runs[index].report(time.monotonic())
        for index in due:
            self.attempt(index, self.conclude, index)
        if len(self.left) <= len(self.stacked) / 2:
            self.hand_out()
            self.stack()

    def conclude(self, index: int) -> None:
        """A point of a learning curve, and the row where it is the last."""
        run = self.runs[index]
        run.evaluate()
        if run.progress.step == run.cell.steps:
            self.finish(index)

    def finish(self, index: int) -> None:
        self.outcomes[index] = self.runs[index].finish()

    def checkpoint(self) -> None:
        self.hand_out()
        for index in self.left:
            self.runs[index].checkpoint()

    def attempt(self, index: int, call: Callable[..., None], *arguments: Any) -> None:
        """What a cell may diverge in."""
        try:
            call(*arguments)
        except HarnessError as error:
            self.fail(index, error)

    def fail(self, index: int, error: HarnessError) -> None:
        self.outcomes[index] = error
        self.failed(self.cells[index], error)
