"""`fit_groups`: one law, several groups of runs, some parameters shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import FitError, LawError
from scalelaw.fit.bootstrap import refuse_idle
from scalelaw.fit.fitting import fit, read_weights
from scalelaw.fit.grouping.view import group_function, view
from scalelaw.fit.resampling import shared_runs
from scalelaw.fit.result import Fit
from scalelaw.laws import resolve
from scalelaw.laws.grouped import COLUMN, GroupedFunction, grouped, own_name
from scalelaw.laws.law import Law
from scalelaw.runs import check_columns, take
from scalelaw.runs import resolve as resolve_names

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


@dataclass(frozen=True, eq=False)
class GroupFit:
    """A fit by groups.

    ``groups["pile"]`` is the fit of one group, which everything that takes a fit takes.

    Attributes
    ----------
    fit : Fit
        Of all groups: its law has the column ``group`` and parameters such as ``E[pile]`` and ``alpha``.
    alone : dict of str to Fit
        The law fitted to each group alone, where its runs determine it; empty for a fit read from a file.
    """

    fit: Fit
    alone: Mapping[str, Fit]

    @property
    def _function(self) -> GroupedFunction:
        return group_function(self.fit)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups."""
        return self._function.groups

    @property
    def shared(self) -> tuple[str, ...]:
        """Parameters that all groups share."""
        return self._function.shared

    @property
    def by(self) -> str:
        """The column that says the group."""
        return self._function.by

    def __getitem__(self, group: str) -> Fit:
        return view(self.fit, group)

    def __iter__(self) -> Iterator[str]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def summary(self, *, level: float = 0.95, kind: str = "bc") -> pd.DataFrame:
        """The parameters, of the fit by groups and of each group alone.

        Returns
        -------
        DataFrame
            One row a parameter and group: ``parameter``, ``group``, ``shared``, ``fixed``, ``value`` with ``low`` and
            ``high``, and ``alone`` with ``alone_low`` and ``alone_high``, of the fit of that group alone (NaN where
            there is none). The ends are NaN without draws and for what is fixed.
        """
        import pandas as pd

        rows = []
        together = self.fit.summary(level=level, kind=kind)
        for group, member in zip(self.groups, self._function.members, strict=True):
            single = self.alone[group].summary(level=level, kind=kind) if group in self.alone else None
            for name, full in member.items():
                row = {"parameter": name, "group": group, "shared": name in self.shared}
                row |= {"fixed": bool(together["fixed"][full])}
                row |= {each: float(together[each][full]) for each in ("value", "low", "high")}
                for new, old in (("alone", "value"), ("alone_low", "low"), ("alone_high", "high")):
                    row[new] = float("nan") if single is None else float(single[old][name])
                rows.append(row)
        order = {name: place for place, name in enumerate(self._function.law.parameters)}
        frame = pd.DataFrame(rows).sort_values("parameter", key=lambda names: names.map(order), kind="stable")
        return frame.reset_index(drop=True)

    def predict(self, runs: Any, *, interval: float | None = None, kind: str = "bc") -> pd.DataFrame:
        """Losses of runs whose group stands in the column that the fit was made by; else as `Fit.predict`."""
        if isinstance(runs, Mapping):
            runs = dict(zip(runs, np.broadcast_arrays(*map(np.atleast_1d, runs.values())), strict=True))
        table = check_columns(runs, need=())
        if self.by not in table:
            raise FitError(f"the runs need a column {self.by!r} that says the group: {', '.join(self.groups)}")
        strange = sorted({str(value) for value in table[self.by].tolist()} - set(self.groups))
        if strange:
            raise FitError(
                f"there is no group {', '.join(map(repr, strange))}; the groups are {', '.join(self.groups)}"
            )
        number = [self.groups.index(str(value)) + 1 for value in table[self.by].tolist()]
        rows = {name: table[name] for name in self.fit.law.columns if name in table and name != COLUMN}
        frame = self.fit.predict({**rows, COLUMN: np.array(number)}, interval=interval, kind=kind)
        names = [self.groups[place - 1] for place in frame.pop(COLUMN).astype(int)]
        frame.insert(0, self.by, names)
        return frame

    def test(self, *, refits: int | None = None, rng: int | np.random.Generator | None = 0) -> pd.DataFrame:
        """Whether the groups share what they are taken to share, see `scalelaw.nested_test`: one row.

        By default p is by a bootstrap that draws errors within each group (for whole runs, where rows are checkpoints
        of runs), and for least squares and independent rows by the F distribution.

        Where the sharing was true, a test of one shared parameter at 5 % rejected 6.2 % of 450 simulated tables of two
        groups of 12 runs (the F distribution 12 % of 150), 5.7 % of 300 of two groups of 24 with noise of heavy tails,
        and 5.0 % of 200 of two groups of 12 runs with four checkpoints each; for least squares the F distribution 6.2 %
        of 600 of two groups of 12 runs.

        Raises
        ------
        FitError
            If nothing is shared, or the runs do not determine the law of every group alone.
        """
        from scalelaw.fit.grouping.sharing import sharing

        return sharing(self, refits=refits, rng=rng)

    def report(self, *, level: float = 0.95, kind: str = "bc") -> str:
        """The fit of all groups as text."""
        return self.fit.report(level=level, kind=kind)

    def to_json(self, path: str | Path | None = None) -> str:
        """The fit of all groups as JSON; the fits of the groups alone are not in it."""
        return self.fit.to_json(path)

    @staticmethod
    def from_json(source: str | Path, *, law: Law | None = None) -> GroupFit:
        """Read the fit of all groups back; ``law`` as for `Fit.from_json`, made by `scalelaw.laws.grouped`."""
        found = Fit.from_json(source, law=law)
        group_function(found)
        return GroupFit(found, {})

    def __repr__(self) -> str:
        return f"GroupFit({', '.join(self.groups)}; {self.fit!r})"


def fit_groups(
    law: Law | str,
    runs: pd.DataFrame | Mapping[str, Any],
    *,
    by: str,
    shared: Sequence[str] | str = (),
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    weights: Any = None,
    resample: str = "auto",
    **fit_options: Any,
) -> GroupFit:
    """Fit one law to several corpora, optimisers or families at once, with some parameters shared.

    The fit of all groups is a fit like any other, of a law with parameters such as ``E[pile]``, ``E[stack]`` and
    ``alpha``: objective, bootstrap, report and JSON are those of `fit`.

    Parameters
    ----------
    law : Law or str
        The law of one group.
    runs : DataFrame or mapping of str to array
    by : str
        The column whose values are the groups.
    shared : sequence of str
        Parameters of the law that all groups share; every other is each group's own.
    fixed, bounds : mapping, optional
        As for `fit`. A name such as ``"k"`` means that parameter of every group, ``"k[pile]"`` that of one.
    weights, resample : optional
        As for `fit`; ``"auto"`` draws whole runs where a column ``run`` says that rows are checkpoints of one, and rows
        within each group otherwise.
    **fit_options
        Other options of `fit`, such as ``bootstrap``, ``rng``, ``loss``, ``delta``.

    Returns
    -------
    GroupFit

    Raises
    ------
    RunsError, LawError
        As `fit`, and if a run's group is empty or ``shared`` names no parameter.
    FitError
        As `fit`, and if there are fewer than two groups.

    Examples
    --------
    >>> import pandas as pd
    >>> import scalelaw as sl
    >>> runs = pd.concat([sl.load("parscale-pile"), sl.load("parscale-stack")])
    >>> groups = sl.fit_groups("parscale", runs, by="dataset", shared=["alpha"])
    >>> print({name: round(value, 3) for name, value in groups["Stack-V2-Python"].params.items() if name != "A"})
    {'E': 0.7, 'alpha': 0.194, 'k': 0.392}
    """
    refused = {"params", "by"} & set(fit_options)
    if refused:
        raise FitError(f"fit_groups takes no {' and no '.join(sorted(refused))}")
    table = check_columns(runs)
    law = resolve(law, columns=tuple(table))
    by = by if by in table else resolve_names([by])[by]
    number, names = _groups(table, by)
    joint = grouped(law, names, shared=[shared] if isinstance(shared, str) else shared, by=by)
    whole = {name: values for name, values in table.items() if name != by or name in law.columns}
    row_weights = read_weights(weights, table, len(number))
    options: dict[str, Any] = {
        **fit_options,
        "fixed": _spread(joint, fixed),
        "bounds": _spread(joint, bounds),
        "weights": row_weights,
    }
    kind = _kind(resample, table)
    if fit_options.get("bootstrap"):
        options |= {"resample": kind, "by": COLUMN if kind.endswith("stratified") else None}
    else:
        refuse_idle(resample, None, {**whole, "P": number})
    fitted = fit(joint, {**whole, COLUMN: number}, **options)
    given = dict(fit_options)
    if given.get("delta") == "auto":
        given["delta"] = fitted.settings.delta
    alone: dict[str, Fit] = {}
    for place, group in enumerate(names, start=1):
        rows = number == place
        own = {
            "weights": None if row_weights is None else row_weights[rows],
            "fixed": _of_group(joint, options["fixed"], place),
            "bounds": _of_group(joint, options["bounds"], place),
            "resample": "cluster" if kind.endswith("cluster") else kind.removesuffix("-stratified"),
        }
        own["resample"] = "auto" if own["resample"] in ("stratified", "cluster") else own["resample"]
        single = _alone(law, {name: values[rows] for name, values in whole.items()}, {**given, **own, "throw": False})
        if single is not None:
            alone[group] = single
    return GroupFit(fitted, alone)


def _alone(law: Law, table: Mapping[str, np.ndarray], options: Mapping[str, Any]) -> Fit | None:
    """The fit of one group; without draws where it has too few runs for them, None where they do not determine it."""
    for draws in dict.fromkeys((options.get("bootstrap", 0), 0)):
        try:
            return fit(law, table, **{**options, "bootstrap": draws} if draws else _undrawn(options))
        except FitError:
            continue  # a group too small on its own, which is why it shares
    return None


def _undrawn(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a fit without a bootstrap, whose resampling might be refused."""
    return {name: value for name, value in options.items() if name not in ("bootstrap", "resample", "by", "rng")}


def _groups(table: Mapping[str, np.ndarray], by: str) -> tuple[np.ndarray, list[str]]:
    """The number of each row's group, from 1, and the groups' names in the order in which they appear."""
    if by not in table:
        raise FitError(f"groups by {by!r} need a column {by!r}; the table has {', '.join(map(repr, table))}")
    texts = [str(value) for value in take(table, (by,), where="a fit by groups")[by].tolist()]
    names = list(dict.fromkeys(texts))
    if len(names) < 2:
        raise FitError(f"the runs have one {by} only, {names[0]!r}; groups need at least two")
    return np.array([names.index(text) + 1 for text in texts]), names


def _kind(resample: str, table: Mapping[str, np.ndarray]) -> str:
    if resample != "auto":
        return resample
    return "stratified" if shared_runs(table) is None else "cluster"


def _spread(joint: Law, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is said of a parameter, said of that of every group.

    Raises
    ------
    LawError
        If a name is no parameter.
    """
    function: GroupedFunction = joint.fn  # type: ignore[assignment]
    spread: dict[str, Any] = {}
    for name, value in (given or {}).items():
        if name in joint.parameters:
            spread[name] = value
        elif name in function.law.parameters:
            spread = {own_name(name, group): value for group in function.groups} | spread
        else:
            raise LawError(
                f"there is no parameter {name!r}; the law has {', '.join(function.law.parameters)}, and by groups "
                f"{', '.join(joint.parameters)}"
            )
    return spread


def _of_group(joint: Law, given: Mapping[str, Any], place: int) -> dict[str, Any]:
    function: GroupedFunction = joint.fn  # type: ignore[assignment]
    return {name: given[full] for name, full in function.members[place - 1].items() if full in given}
