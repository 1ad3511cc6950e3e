"""The table as a whole: normalised, or one error that names every fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.errors import RunsError
from scalelaw.runs.arrays import as_columns, empty
from scalelaw.runs.names import resolve
from scalelaw.runs.schema import BACKBONE_GROUPS, BY_NAME, PARSCALE_GROUPS, Columns
from scalelaw.runs.values import Place, normalise

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5
_SAME_STEP = ("run", "step", "dataset")
_ALIKE = ("run", "seed", "dataset", "N", "N_backbone", "P", "D", "C")


def check_columns(
    table: pd.DataFrame | Mapping[Any, Any],
    *,
    columns: Mapping[str, str] | None = None,
    need: Iterable[str] = ("loss",),
    place: Place = lambda row: f"row {row + 1}",
) -> Columns:
    """Normalise a table given as columns, or name every fault in it at once.

    Names are brought to the schema's, quantities such as ``1.6B`` read, types set: ``N``, ``D`` and the groups int64,
    ``P`` int32, ``loss`` and ``C`` float64. ``N``, ``N_backbone`` and ``D`` count things and are rounded to the nearest
    whole (2006673381.12, read off a plot, is accepted); every other whole number must be whole as it stands.
    Columns the schema does not know are kept as they are. Rows are counted from 1.

    Where ``n_attention`` and ``n_mlp`` are given, ``N`` must be the sum of ``n_attention``, ``n_mlp``, ``n_norm``,
    ``n_prefix`` and ``n_aggregator``, and ``N_backbone`` that of the first three (a group that is absent is 0);
    ``n_embedding`` and ``n_head`` are outside both.

    Parameters
    ----------
    table : mapping of str to array of shape (rows,), or DataFrame
    columns : mapping of str to str, optional
        Names to use, ``{"N": "my_col"}``.
    need : iterable of str
        Columns that must be there. A table to predict from needs none.
    place : callable
        How messages call a row, by its index from 0.

    Returns
    -------
    dict of str to array of shape (rows,)
        New arrays or the given ones where nothing had to change; the table given is left as it was.

    Raises
    ------
    RunsError
        With every fault found: column, rows, values, what to do.

    Examples
    --------
    >>> check_columns({"params": ["1.6B", "500M"], "streams": [1, 8], "val_loss": [1.95, 2.04]})["N"].tolist()
    [1600000000, 500000000]
    >>> check_columns({"N": [1e9, 0], "loss": [2.1, -1.0]})
    Traceback (most recent call last):
    ...
    scalelaw.errors.RunsError: column 'N': below 1 in row 2 (0.0); correct it or leave the row out
    column 'loss': not above 0 in row 2 (-1.0); correct it or leave the row out
    """
    given = as_columns(table)
    names = resolve(given, columns)
    labels = {new: new if new == old else f"{new} (read from {old})" for old, new in names.items()}
    result = {new: given[old] for old, new in names.items()}
    faults = _emptiness(result, need)
    sound = set()
    for name in [name for name in result if name in BY_NAME]:
        result[name], cells = normalise(BY_NAME[name], result[name], labels[name])
        faults += _convention(name, result, place) or [cell.sentence(place) for cell in cells]
        sound |= set() if cells else {name}
    known = {name: result[name] for name in sound}
    faults += [*_mixed(result, place), *_sums(known, place, chosen="other_N" in result), *_contradictions(known, place)]
    if faults:
        raise RunsError(faults)
    return result


def _emptiness(columns: Columns, need: Iterable[str]) -> list[str]:
    if not columns or not len(next(iter(columns.values()))):
        return ["the table is empty: it has no rows; give at least one run"]
    there = ", ".join(repr(name) for name in columns)
    return [_missing(name, there) for name in need if name not in columns]


def _missing(name: str, there: str) -> str:
    known = BY_NAME.get(name)
    also = f" (also understood: {', '.join(known.aliases[:6])})" if known and known.aliases else ""
    return (
        f"there is no column {name!r}{also}, only {there}; name it with --column {name}=..."
        f' or columns={{"{name}": ...}}'
    )


def _convention(name: str, columns: Columns, place: Place) -> list[str]:
    """N in some rows and N_backbone in others: two ways to count, which one law cannot span."""
    if name != "N" or "N_backbone" not in columns:
        return []
    without = empty(columns["N"]) & ~empty(columns["N_backbone"])
    if not without.any() or without.all():
        return []
    return [
        f"two conventions are mixed: {_places(without, place)} give N_backbone but not N; give N in every row,"
        ' or fit on N_backbone with --column N=N_backbone or columns={"N": "N_backbone"}'
    ]


def _mixed(columns: Columns, place: Place) -> list[str]:
    """A column that says how things were counted must say the same in every row."""
    if "convention" not in columns:
        return []
    values = columns["convention"]
    seen = dict.fromkeys(str(value) for value, blank in zip(values.tolist(), empty(values), strict=True) if not blank)
    blank = empty(values)
    if len(seen) > 1:
        listed = ", ".join(repr(value) for value in seen)
        return [
            f"rows of {len(seen)} conventions are mixed (column 'convention': {listed}); keep the rows of one of them"
        ]
    if seen and blank.any():
        return [f"column 'convention' is empty in {_places(blank, place)}; say it in every row or leave those out"]
    return []


def _sums(columns: Columns, place: Place, *, chosen: bool) -> list[str]:
    """Parameter groups must sum to N and to N_backbone; the backbone cannot exceed the whole."""
    faults = []
    if chosen:  # N is what its user says it is, such as N_backbone, and not what the groups make together
        columns = {name: values for name, values in columns.items() if name != "N"}
    if "n_attention" in columns and "n_mlp" in columns:
        for total, groups in (("N", BACKBONE_GROUPS + PARSCALE_GROUPS), ("N_backbone", BACKBONE_GROUPS)):
            there = [name for name in groups if name in columns]
            if total in columns:
                summed = sum(columns[name] for name in there)
                off = np.not_equal(summed, columns[total]) & ~np.isnan(summed + columns[total])
                faults += _unequal(total, there, np.asarray(summed), columns[total], off, place)
    if "N" in columns and "N_backbone" in columns:
        over = columns["N_backbone"] > columns["N"]
        if over.any():
            faults.append(f"N_backbone is above N in {_places(over, place)}; N is the backbone plus what ParScale adds")
    return faults


def _unequal(total: str, groups: list[str], summed: Any, given: Any, off: np.ndarray, place: Place) -> list[str]:
    if not off.any():
        return []
    first = int(np.flatnonzero(off)[0])
    more = f" (and {off.sum() - 1} more rows)" if off.sum() > 1 else ""
    return [
        f"{' + '.join(groups)} is {summed[first]:.0f} but {total} is {given[first]:.0f} in {place(first)}{more};"
        " correct the groups or leave them out"
    ]


def _contradictions(columns: Columns, place: Place) -> list[str]:
    """Two losses for one run and step, or for rows of one run that are alike in everything else."""
    if "run" not in columns or "loss" not in columns:
        return []
    there = [name for name in (_SAME_STEP if "step" in columns else _ALIKE) if name in columns]
    known = ~empty(columns["run"]) & (~empty(columns["step"]) if "step" in columns else True)
    first: dict[tuple[Any, ...], int] = {}
    faults = []
    for row in np.flatnonzero(known).tolist():
        key = tuple(_hashable(columns[name][row]) for name in there)
        earlier = first.setdefault(key, row)
        if columns["loss"][earlier] != columns["loss"][row]:
            faults.append(_contradiction(columns, earlier, row, place))
    return faults[:_SHOWN] + ([f"and {len(faults) - _SHOWN} more such pairs"] if len(faults) > _SHOWN else [])


def _hashable(value: Any) -> Any:
    return None if value is None or value != value else value


def _contradiction(columns: Columns, earlier: int, row: int, place: Place) -> str:
    step = f" at step {columns['step'][row]:.0f}" if "step" in columns else ""
    return (
        f"run {columns['run'][row]!r}{step} has two losses, {columns['loss'][earlier]:g} in {place(earlier)} and"
        f" {columns['loss'][row]:g} in {place(row)}; keep one, or give the runs different names in column 'run'"
    )


def _places(mask: np.ndarray, place: Place) -> str:
    rows = np.flatnonzero(mask).tolist()
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return ", ".join(place(row) for row in rows[:_SHOWN]) + more
