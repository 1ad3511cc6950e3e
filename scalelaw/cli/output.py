"""What the shell prints: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from scalelaw.fit.result import Fit

PIPE_CLOSED = 141


def result(text: str) -> None:
    """Print a result; a reader that has gone, as in ``| head``, ends the run quietly."""
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
        raise typer.Exit(PIPE_CLOSED) from None


def note(text: str) -> None:
    """Say something beside the result."""
    print(text, file=sys.stderr)  # noqa: T201


def progress(text: str) -> None:
    """Say what is being done, to a person only."""
    if sys.stderr.isatty():
        note(text)


def doubts(fit: Fit, kind: str) -> None:
    """Say why not to believe intervals of a kind that needs no draws, as far as it can tell."""
    from scalelaw.fit.doubts import doubts_of

    for doubt in doubts_of(fit, kind):
        note(f"doubt: {doubt}")


NO_INTERVALS = "no intervals without draws: add --bootstrap 1000"


def no_intervals(fit: Fit, kind: str, *, saved: bool) -> None:
    """Say how intervals can be had where a fit has no draws for a kind that needs them."""
    from scalelaw.fit.intervals import WITHOUT_DRAWS

    if fit.draws is None and kind not in WITHOUT_DRAWS:
        here = NO_INTERVALS.replace("add", "fit with") if saved else NO_INTERVALS
        note(f"{here}, or take --kind profile")


def document(value: Any) -> None:
    """Print one JSON document; what is not a finite number is null."""
    import json

    result(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def table(
    frame: pd.DataFrame, *, as_json: bool, digits: int = 6, shown: Collection[str] | None = None, wide: bool = False
) -> None:
    """Print a frame as aligned text, or its rows as a JSON list, which has every column.

    Unless ``wide``, the text has those columns alone that are ``shown``, and what else there is is said beside it.
    """
    if as_json:
        document(frame.to_dict("records"))
        return
    left = [] if shown is None or wide else [str(name) for name in frame if name not in shown]
    result(aligned(frame.drop(columns=left), digits=digits))
    if left:
        note(f"--wide adds {_in_words(left)}")


def _in_words(names: list[str]) -> str:
    """Names of columns, the ends of an interval by what it is of.

    Examples
    --------
    >>> _in_words(["noise", "D_low", "D_high", "loss_low", "loss_high"])
    'noise and the intervals of D and loss'
    """
    of = [name.removesuffix("_low") for name in names if name.endswith("_low")]
    ends = {f"{name}_{end}" for name in of for end in ("low", "high")}
    parts = [name for name in names if name not in ends]
    intervals = [f"the interval{'s' if len(of) > 1 else ''} of {_listed(of)}"] if of else []
    return _listed([*parts, *intervals])


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def with_notes(frame: pd.DataFrame, *, as_json: bool) -> None:
    """Print a frame as `table` does, its columns of whole sentences below it, a line each."""
    if as_json:
        document(frame.to_dict("records"))
        return
    names = [name for name in ("holdout", "law", "approach") if name in frame]
    said = [name for name in ("verdict", "notes", "remark") if name in frame]
    notes = [
        f"{', '.join(str(row[name]) for name in names)}: {row[each]}"
        for each in said
        for row in frame.to_dict("records")
        if row[each]
    ]
    result("\n".join([aligned(frame.drop(columns=said)), *([""] if notes else []), *notes]))


def upright(frame: pd.DataFrame, *, as_json: bool) -> None:
    """Print a frame of one row as lines ``name  value``, or as a JSON document; what is empty is left out."""
    (row,) = frame.to_dict("records")
    if as_json:
        document(row)
        return
    width = max(len(str(name)) for name in row)
    shown = {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in row.items()}
    result("\n".join(f"{name:{width}}  {value}" for name, value in shown.items() if value))


def aligned(frame: pd.DataFrame, *, digits: int = 6) -> str:
    """A frame as text in columns."""
    return str(frame.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.{digits}g}"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    value = value.item() if hasattr(value, "item") else value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return None if value != value else str(value)
