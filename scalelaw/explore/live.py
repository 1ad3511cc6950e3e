"""What is watched while a page is served: saved fits, or a sweep with the laws that are fitted to its cells so far."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scalelaw.errors import ScalelawError
from scalelaw.explore.javascript import quoted
from scalelaw.explore.writing import expression

if TYPE_CHECKING:
    from scalelaw.fit.result import Fit
    from scalelaw.harness.cell import Cell
    from scalelaw.harness.sweep.folder import Sweep
    from scalelaw.laws import Law

POINTS = 30
"""Numbers of runs, at the most, at which it is shown how a fit settled."""


@dataclass(frozen=True)
class News:
    """What there is to show now.

    Attributes
    ----------
    fits : tuple of Fit
    names, python : tuple of str
        As for `scalelaw.explore.page`.
    sweep : mapping or None
        ``summary``, ``problems``, ``cells``, ``curves`` and ``settling``, as plain values.
    """

    fits: tuple[Fit, ...]
    names: tuple[str, ...]
    python: tuple[str, ...]
    sweep: Mapping[str, Any] | None = None

    @property
    def seen(self) -> str:
        """A word that changes whenever something else is to be shown."""
        told = [[name, fit.params, fit.rows] for name, fit in zip(self.names, self.fits, strict=True)]
        return hashlib.sha256(quoted([told, self.sweep]).encode()).hexdigest()[:16]


class Watch(Protocol):
    """Something that can be looked at again and again."""

    def look(self) -> News: ...


@dataclass
class SavedFits:
    """Files of fits, read again when they change; one that is torn or gone leaves what it held."""

    paths: Sequence[str]
    _known: dict[str, tuple[tuple[int, int], Fit]] = field(default_factory=dict)

    def look(self) -> News:
        fits = tuple(self._fit(path) for path in self.paths)
        python = tuple(expression(path, None, 0, 0) for path in self.paths)
        return News(fits, tuple(Path(path).stem for path in self.paths), python)

    def _fit(self, path: str) -> Fit:
        from scalelaw.fit import Fit

        known = self._known.get(path)
        try:
            told = Path(path).stat()
            mark = (told.st_mtime_ns, told.st_size)
            if known is None or known[0] != mark:
                known = self._known[path] = mark, Fit.from_json(Path(path))
        except (OSError, ScalelawError):
            if known is None:
                return Fit.from_json(Path(path))  # says what is wrong
        return known[1]


@dataclass
class WatchedSweep:
    """A sweep, and laws fitted anew whenever another of its cells is done.

    Parameters
    ----------
    folder : str
    laws : sequence of Law or str
    bootstrap : int
        Draws of each fit, for intervals.
    seed : int
        Of the draws.
    """

    folder: str
    laws: Sequence[Law | str]
    bootstrap: int = 200
    seed: int = 0
    _fits: dict[int, Fit] = field(default_factory=dict)
    _fitted: tuple[str, ...] = ()
    _problems: dict[int, str] = field(default_factory=dict)
    _curves: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    _settled: dict[tuple[str, ...], dict[str, float] | None] = field(default_factory=dict)

    def look(self) -> News:
        from scalelaw.harness.sweep.folder import open_sweep
        from scalelaw.harness.sweep.reporting import status_rows, summary

        sweep = open_sweep(self.folder)
        rows = status_rows(sweep)
        done = _finished(sweep)
        if self._fitted != tuple(done):
            self._fit(done)
        told = {
            "summary": summary(rows) + ".",
            "problems": list(self._problems.values()),
            "cells": [{name: row[name] for name in ("name", "state", "step", "steps", "loss")} for row in rows],
            "curves": [curve for cell in sweep.cells if (curve := self._curve(sweep, cell))],
            "settling": self._settling(done),
        }
        fits = tuple(self._fits[place] for place in sorted(self._fits))
        made = tuple(expression(self.folder, fit.law.name, self.bootstrap, self.seed) for fit in fits)
        return News(fits, tuple(fit.law.name for fit in fits), made, told)

    def _fit(self, done: Mapping[str, Mapping[str, Any]]) -> None:
        """Fit every law to the cells that are done; a law that cannot be fitted yet keeps what it had."""
        from scalelaw.fit import fit
        from scalelaw.harness.sweep.gathering import columns_of

        self._fitted = tuple(done)
        for place, law in enumerate(self.laws):
            try:
                self._fits[place] = fit(law, columns_of(done.values()), bootstrap=self.bootstrap, rng=self.seed)
                self._problems.pop(place, None)
            except ScalelawError as error:
                name = law if isinstance(law, str) else law.name
                cells = f"{len(done)} finished cell{'s' if len(done) != 1 else ''}"
                self._problems[place] = f"{name} cannot be fitted to {cells}: {error}."

    def _curve(self, sweep: Sweep, cell: Cell) -> dict[str, Any] | None:
        """The learning curve that a cell has left so far, read again when it has grown."""
        path = sweep.folder(cell) / "log.parquet"
        try:
            mark = path.stat().st_mtime_ns
            if self._curves.get(cell.id, (0, {}))[0] != mark:
                import pyarrow.parquet as pq

                points = pq.read_table(path, columns=["D", "loss"]).to_pydict()
                self._curves[cell.id] = mark, {"name": cell.name, **points}
        except (OSError, ValueError, KeyError):
            return None  # not written yet; pyarrow's errors are ValueErrors and KeyErrors
        return self._curves[cell.id][1]

    def _settling(self, done: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Parameters of the first law fitted to the cells that were done first, from the folder alone."""
        import numpy as np

        counts = np.unique(np.linspace(1, max(len(done), 1), min(POINTS, max(len(done), 1))).astype(int)).tolist()
        found = [(count, self._params(dict(list(done.items())[:count]))) for count in counts]
        return [{"rows": count, "params": params} for count, params in found if params is not None]

    def _params(self, done: Mapping[str, Mapping[str, Any]]) -> dict[str, float] | None:
        from scalelaw.fit import fit
        from scalelaw.harness.sweep.gathering import columns_of

        key = tuple(done)
        if key not in self._settled:
            try:
                self._settled[key] = fit(self.laws[0], columns_of(done.values())).params if done else None
            except ScalelawError:
                self._settled[key] = None  # too few runs so far
        return self._settled[key]


def _finished(sweep: Sweep) -> dict[str, dict[str, Any]]:
    """Rows of the cells that are done and stand in the sweep's table, by id, in the order they were finished in."""
    from scalelaw.harness.sweep.folder import read_json
    from scalelaw.harness.sweep.gathering import cells_with_rows

    found = []
    for cell in cells_with_rows(sweep):
        path = sweep.folder(cell) / "row.json"
        row = read_json(path)
        if row is not None and row.get("run") == cell.id:
            found.append((path.stat().st_mtime_ns, cell.id, row))
    return {cell: row for _, cell, row in sorted(found, key=lambda each: each[:2])}
