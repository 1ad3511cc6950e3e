"""Who competes: several laws fitted to the same runs under the same options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError, LawError
from scalelaw.fit.bootstrap import Resampling
from scalelaw.fit.fitting import fit, read_weights
from scalelaw.fit.result import Fit
from scalelaw.laws import ALL, resolve
from scalelaw.laws.law import Law
from scalelaw.runs import Columns, check_columns, take

if TYPE_CHECKING:
    import pandas as pd

Laws = Iterable[Law | str] | Law | str | None


@dataclass(frozen=True, eq=False)
class Field:
    """Laws fitted to the same runs.

    Attributes
    ----------
    laws : list of Law
    fits : list of Fit, FitError or LawError
        The fit of each law, or why it has none.
    table : dict of str to array of shape (rows,)
        The checked runs, without rows of weight 0.
    options : dict
        Options of `fit` that every fit had.
    groups : array of int, shape (rows,), or None
        The run of each row where rows are checkpoints of runs, None where every row stands for itself.
    """

    laws: list[Law]
    fits: list[Fit | FitError | LawError]
    table: Columns
    options: dict[str, Any]
    groups: np.ndarray | None

    @property
    def entrants(self) -> list[Fit]:
        """The laws that could be fitted."""
        return [each for each in self.fits if isinstance(each, Fit)]

    @property
    def absent(self) -> dict[str, str]:
        """Why the others could not, by the law's name."""
        return {
            law.name: str(each) for law, each in zip(self.laws, self.fits, strict=True) if not isinstance(each, Fit)
        }

    @property
    def runs(self) -> np.ndarray:
        """Number of the run of each row, shape (rows,)."""
        return np.arange(len(self.table["loss"])) if self.groups is None else self.groups


def enter(laws: Laws, runs: pd.DataFrame | Mapping[str, Any], options: Mapping[str, Any], *, verb: str) -> Field:
    """Fit every law to the runs; with ``delta="auto"`` all of them with one delta.

    Raises
    ------
    RunsError, LawError, FitError
        As `scalelaw.compare`.
    """
    refused = {"bootstrap", "params"} & set(options)
    if refused:
        raise FitError(f"{verb} takes no {' and no '.join(sorted(refused))}; fit the law you choose with it")
    table, chosen_options = _weighed(check_columns(runs), {"throw": False, **options})
    chosen = _competitors(laws, table)
    groups = run_groups(table, chosen_options.pop("resample", "auto"), chosen_options.pop("by", None))
    fits = _fits(chosen, table, chosen_options, skip=laws is None)
    if chosen_options.get("delta") == "auto" and chosen_options.get("loss", "huber") == "huber":
        chosen_options["delta"] = shared_delta(fits)
        fits = _fits(chosen, table, chosen_options, skip=laws is None)
    return Field(chosen, fits, table, chosen_options, groups)


def run_groups(table: Columns, kind: str, by: str | None) -> np.ndarray | None:
    """The run of each row where the bootstrap would draw whole runs, None where rows are left out singly."""
    if kind == "auto" and by is None and "run" in table and len({str(name) for name in table["run"]}) == 1:
        return np.zeros(len(table["run"]), int)  # which the bootstrap refuses; here it is a note that no rest is left
    plan = Resampling.plan(kind, by, table)
    return plan.groups if plan.kind == "cluster" else None


def shared_delta(fits: Iterable[Fit | FitError | LawError]) -> float:
    """The smallest delta chosen; a law with a parameter for every run leaves no residuals to choose it by."""
    fitted = [each for each in fits if isinstance(each, Fit)]
    spare = [each for each in fitted if each.rows > len(each.free)]
    return min(float(each.settings.delta or 0.0) for each in spare or fitted)


def _weighed(table: Columns, options: dict[str, Any]) -> tuple[Columns, dict[str, Any]]:
    """The table and the options without the rows of weight 0."""
    weights = read_weights(options.get("weights"), table, len(table["loss"])) if "loss" in table else None
    if weights is None or (weights > 0).all():
        return table, options
    used = weights > 0
    return {name: values[used] for name, values in table.items()}, {**options, "weights": weights[used]}


def _fits(
    laws: Iterable[Law], table: Columns, options: Mapping[str, Any], *, skip: bool
) -> list[Fit | FitError | LawError]:
    """The fit of every law, or with ``skip`` the error of one that cannot be fitted, unless none can."""
    found: list[Fit | FitError | LawError] = []
    for law in laws:
        try:
            found.append(fit(law, table, **options))
        except (FitError, LawError) as error:
            if not skip:
                raise
            found.append(error)
    if not any(isinstance(each, Fit) for each in found):
        raise next(each for each in found if isinstance(each, Exception))
    return found


def _competitors(laws: Laws, table: Columns) -> list[Law]:
    if laws is None:
        chosen = [law for law in ALL.values() if all(_varies(table, name) for name in law.columns)]
    else:
        given = [laws] if isinstance(laws, Law | str) else list(laws)
        chosen = [resolve(law, columns=tuple(table)) for law in given]
        for law in chosen:
            take(table, law.columns, where=f"law {law.name!r}")
    if not chosen:
        raise FitError("there is no law to compare; name some, or give runs in which N, P, D or C varies")
    names = [law.name for law in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FitError(f"two laws are called {', '.join(map(repr, twice))}; give each once, or a name of its own")
    return chosen


def _varies(table: Mapping[str, Any], name: str) -> bool:
    return name in table and len(np.unique(np.asarray(table[name], dtype=float))) > 1
