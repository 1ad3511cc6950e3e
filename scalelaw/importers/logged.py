"""A run as a logger keeps it, settings and a history of metrics, and its rows of the runs table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scalelaw.cost import parameters
from scalelaw.cost.training import Trained
from scalelaw.errors import RunsError
from scalelaw.importers.models import check_trained, flops_a_token, shape_of, streams_of, tokens_of_flos
from scalelaw.importers.naming import NUMBERS, TEXTS, flat, loss_name, meant, number, step_name, training_loss_name

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.cost import Shape

    About = pd.DataFrame | Mapping[str, Any] | str | os.PathLike[str]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Logged:
    """A run as a logger keeps it.

    Attributes
    ----------
    name, source : str
        Of the run, and where it comes from.
    settings : mapping
        What was configured: sizes, a seed, the configuration of a model of transformers.
    history : sequence of mapping
        Metrics by name, oldest first; a row holds those that were logged together.
    doubts : sequence of str
        What about the log itself is not as it should be.
    """

    name: str
    source: str
    history: Sequence[Row]
    settings: Mapping[str, Any] = field(default_factory=dict)
    doubts: Sequence[str] = ()


@dataclass(frozen=True)
class Asked:
    """What a user says of logs that do not say it themselves; see :func:`scalelaw.importers.read_wandb`."""

    loss: str | None = None
    curve: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    tokens_per_step: float | None = None
    about: Mapping[str, Row] = field(default_factory=dict)
    trained: Trained = "all"
    context: int | None = None

    @classmethod
    def of(cls, *, columns: Mapping[str, str] | None, about: About | None, **options: Any) -> Asked:
        asked = cls(columns=dict(columns or {}), about=_about(about), **options)
        check_trained(asked.trained)
        wrong = [name for name in asked.columns if name not in (*NUMBERS, *TEXTS, "step")]
        if wrong:
            raise RunsError(
                f"no column of logs is chosen as {wrong[0]!r}; there are {', '.join((*NUMBERS, *TEXTS))}, step"
            )
        if asked.tokens_per_step is not None and not asked.tokens_per_step > 0:
            raise RunsError(f"tokens_per_step is {asked.tokens_per_step}; it is batch size times context, more than 0")
        return asked


def _about(given: About | None) -> dict[str, Row]:
    """Rows of a table by the run that they are about."""
    if given is None:
        return {}
    from scalelaw import runs

    table = runs.read(given, need=()) if isinstance(given, str | os.PathLike) else runs.check(given, need=())
    if "run" not in table:
        raise RunsError("the table about the runs has no column run; add one with their names")
    if table["run"].duplicated().any():
        twice = table["run"][table["run"].duplicated()].iloc[0]
        raise RunsError(f"the table about the runs has run {twice!r} twice; give it one row a run")
    rows = table.drop(columns="P") if "P" in table and (table["P"] == 1).all() else table
    return {str(row["run"]): {str(k): v for k, v in row.items() if k != "run"} for row in rows.to_dict("records")}


def table_of(logs: Iterable[Logged], asked: Asked) -> pd.DataFrame:
    """The runs table of logged runs; what is doubtful is in ``attrs["scalelaw"]["notes"]``."""
    import pandas as pd

    from scalelaw import runs

    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for log in logs:
        made, said = _rows(log, asked)
        rows += made
        notes += [f"{log.name}: {each}" for each in (*log.doubts, *said)]
    frame = pd.DataFrame(rows)
    frame.attrs["scalelaw"] = {"notes": list(dict.fromkeys(notes))} if notes else {}
    return runs.check(frame.dropna(axis="columns", how="all"))


def _rows(log: Logged, asked: Asked) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of one run, and what to say of them."""
    history = list(log.history)
    names = dict.fromkeys(name for row in history for name in row)
    loss = loss_name(names, asked.loss, log.name)
    settings = {**flat(log.settings), **asked.about.get(log.name, {})}
    run = _Run(log, settings, asked, step_name(names, asked.columns.get("step")), history)
    evaluations = [(row, seen) for row, seen in _so_far(history) if loss in row]
    if not asked.curve:
        evaluations = evaluations[-1:]
    train = training_loss_name(names, loss)
    made = [
        run.row(seen) | {"loss": row[loss], "train_loss": seen.get(train) if train else None}
        for row, seen in evaluations
    ]
    return made, run.doubts(made)


def _so_far(history: Sequence[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Each row with the last value of every metric up to it."""
    seen: dict[str, Any] = {}
    for row in history:
        seen |= row
        yield row, dict(seen)


@dataclass(frozen=True)
class _Run:
    """One run, and what is to be made of its metrics."""

    log: Logged
    settings: Row
    asked: Asked
    step: str | None
    history: Sequence[Row]

    def row(self, seen: Row) -> dict[str, Any]:
        """A row of the runs table without its loss, from what was logged so far."""
        known = {**self.settings, **seen}
        step = number(known.get(self.step)) if self.step else None
        values = {name: self.value(name, known) for name in (*NUMBERS, *TEXTS)}
        shape, P = self.model(values)
        counts = parameters(shape, P) if shape is not None and "N" not in self.asked.columns else {}
        D = self.tokens(values["D"], step, shape, P)
        C = self.flops(values["C"], D, shape, P)
        if not counts and values["N"] is None:
            raise RunsError(
                f"run {self.log.name!r} does not say how many parameters it has; name the setting with "
                "--column N=... or columns={'N': ...}, or give a table with columns run and N with --about or about="
            )
        computed = {"P": P, "D": D, "C": C, "step": step, "run": self.log.name, "source": self.log.source}
        trained = {"trained": self.asked.trained} if shape is not None else {}
        return {**values, **counts, **computed, **trained}

    def value(self, column: str, known: Row) -> Any:
        """What a run says of a column: by the name that was chosen, the table about it, or an alias."""
        chosen = self.asked.columns.get(column)
        if chosen is not None:
            if chosen not in known:
                raise RunsError(
                    f"run {self.log.name!r} has no metric or setting {chosen!r} to use as {column}; it has "
                    f"{', '.join(map(repr, sorted(known)))}"
                )
            return known[chosen]
        about = self.asked.about.get(self.log.name, {})
        return about[column] if column in about else meant(column, known, self.log.name)

    def model(self, values: Row) -> tuple[Shape | None, int]:
        """The shape, where the settings are of a model of transformers and N is not told otherwise, and P."""
        told = values["P"]
        P = streams_of(self.log.settings) if told is None else int(told)
        if "hidden_size" not in self.log.settings or "N" in self.asked.about.get(self.log.name, {}):
            return None, P
        return shape_of(self.log.settings, f"run {self.log.name!r}"), P

    def tokens(self, logged: Any, step: float | None, shape: Shape | None, P: int) -> float | None:
        """D: tokens a step where they are given, a count that was logged, or what ``total_flos`` comes to."""
        if self.asked.tokens_per_step is not None:
            if step is None:
                raise RunsError(
                    f"run {self.log.name!r} logs no step to count tokens by; name one with "
                    "--column step=... or columns={'step': ...}"
                )
            return round(step * self.asked.tokens_per_step)
        if logged is not None or shape is None or step is None:
            return logged
        (flos, last) = self.last("train/total_flos"), self.last(self.step)
        return None if not flos or not last else round(tokens_of_flos(flos, shape, P) * step / last)

    def last(self, name: str | None) -> float | None:
        """The last value of a metric."""
        return next((number(row[name]) for row in reversed(self.history) if name and name in row), None)

    def flops(self, logged: Any, D: float | None, shape: Shape | None, P: int) -> float | None:
        """C: by the shape, streams counted; else as it was logged, unless that may leave streams out."""
        if "C" in self.asked.columns or "C" in self.asked.about.get(self.log.name, {}):
            return logged
        if shape is not None and D is not None:
            return float(D) * flops_a_token(shape, P, trained=self.asked.trained, context=self.asked.context)
        return logged if P == 1 else None

    def doubts(self, rows: Sequence[Row]) -> list[str]:
        said = []
        if any(row["D"] is None for row in rows):
            said.append(
                "no count of tokens is logged; give --tokens-per-step (tokens_per_step), or name a metric with "
                "--column D=... or columns={'D': ...}"
            )
        if any(
            row["C"] is None and row["P"] > 1 and meant("C", {**self.settings, **self.history[-1]}, "") for row in rows
        ):
            said.append(
                "the logged FLOPs are left out, as they may not count streams; if they do, name them with columns"
            )
        return said
