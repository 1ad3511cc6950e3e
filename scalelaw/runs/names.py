"""Which column of a table is meant: aliases, chosen names, and the refusal to guess."""

import re
from collections.abc import Iterable, Mapping

from scalelaw.errors import RunsError
from scalelaw.runs.schema import BY_NAME, COLUMNS


def fold(name: str) -> str:
    """A name without regard to case and punctuation: ``val/loss``, ``Val Loss`` and ``val_loss`` are one."""
    return re.sub(r"[\W_]+", "_", name.strip()).strip("_").casefold()


_ALIASES = {fold(alias): column.name for column in COLUMNS for alias in column.aliases}
# A single letter means something only in its own case: d is as often a width as a number of tokens.
_ALIASES.update({fold(column.name): column.name for column in COLUMNS if len(column.name) > 1})


def resolve(names: Iterable[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Schema names for the names of a table.

    Parameters
    ----------
    names : iterable of str
        The table's own column names.
    chosen : mapping of str to str, optional
        The user's choice, ``{"N": "my_col"}``. Other columns that could have been meant are kept as
        ``other_<name>``, so that the choice is made once.

    Returns
    -------
    dict
        New name by old name, for every column, in the table's order.

    Raises
    ------
    RunsError
        If two columns could be one of the schema's and none was chosen, or a chosen column is not there.
    """
    names = list(names)
    chosen = dict(chosen or {})
    faults = _bad_choices(names, chosen)
    new = {name: name for name in names}
    for target, candidates in _candidates(names, chosen).items():
        if target in chosen:
            new.update({name: f"other_{name}" for name in candidates if name != chosen[target]})
        elif len(candidates) > 1:
            faults.append(_ambiguous(target, candidates))
        else:
            new[candidates[0]] = target
    new.update({name: target for target, name in chosen.items() if name in new})
    if faults:
        raise RunsError(faults)
    if len(set(new.values())) < len(new):
        clash = next(name for name in new.values() if list(new.values()).count(name) > 1)
        raise RunsError(
            f"two columns would be called {clash!r} ({_quoted(k for k in new if new[k] == clash)}); rename one"
        )
    return new


def _candidates(names: list[str], chosen: Mapping[str, str]) -> dict[str, list[str]]:
    """Columns that could be each schema column, but for those chosen to be something else."""
    taken = {name: target for target, name in chosen.items()}
    found: dict[str, list[str]] = {}
    for name in names:
        target = taken.get(name) or (name if name in BY_NAME or name in chosen else _ALIASES.get(fold(name)))
        if target:
            found.setdefault(target, []).append(name)
    return {target: _exact_first(target, candidates, chosen) for target, candidates in found.items()}


def _exact_first(target: str, candidates: list[str], chosen: Mapping[str, str]) -> list[str]:
    """The schema's own spelling wins over the same word in another case."""
    if target in candidates and target not in chosen:
        return [name for name in candidates if name == target or fold(name) != fold(target)]
    return candidates


def _bad_choices(names: list[str], chosen: Mapping[str, str]) -> list[str]:
    faults = [
        f"there is no column {name!r} to use as {target!r}; the table has {_quoted(names)}"
        for target, name in chosen.items()
        if name not in names
    ]
    twice = sorted({name for name in chosen.values() if list(chosen.values()).count(name) > 1})
    return faults + [f"column {name!r} was chosen for two columns; choose it once" for name in twice]


def _ambiguous(target: str, candidates: list[str]) -> str:
    first = candidates[0]
    return (
        f"columns {_quoted(candidates)} could each be {target!r}; choose one with --column {target}={first}"
        f' or columns={{"{target}": "{first}"}}'
    )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names) or "no columns"
