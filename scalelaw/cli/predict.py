"""`scalelaw predict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output

if TYPE_CHECKING:
    from scalelaw.fit import Fit

Values = list[str] | None
_OPTIONS = {"N": "--n 1.6B", "P": "--p 8", "D": "--d 42B", "C": "--c 1e21"}
"""The option of a column, with a value."""


def _quantities(letter: str, what: str) -> Any:
    return typer.Option(f"--{letter}", metavar=letter.upper(), help=f"{what}; repeatable.", show_default=False)


def run(
    fit: Annotated[str, typer.Argument(metavar="FIT", help="A saved fit (`scalelaw fit ... -o fit.json`).")],
    table: Annotated[
        str | None,
        typer.Argument(metavar="[TABLE]", help="Rows to predict: a file, or - for standard input.", show_default=False),
    ] = None,
    n: Annotated[Values, _quantities("n", "Parameters, such as 1.6B")] = None,
    p: Annotated[Values, _quantities("p", "Streams")] = None,
    d: Annotated[Values, _quantities("d", "Tokens")] = None,
    c: Annotated[Values, _quantities("c", "FLOPs")] = None,
    at: Annotated[
        Values, typer.Option("--at", metavar="NAME=X", help="Any other column, several with commas; repeatable.")
    ] = None,
    column: options.Column = None,
    level: Annotated[
        float | None,
        typer.Option(
            "--level",
            "--interval",
            metavar="LEVEL",
            help="Level of an interval for the mean, such as 0.95.",
            show_default=False,
        ),
    ] = None,
    new_run: Annotated[
        bool, typer.Option("--new-run", help="The interval is for a new run, with the noise of its seed.")
    ] = False,
    kind: options.Kind = "bc",
    as_json: options.Json = False,
) -> None:
    """Predict losses of values or of the rows of a table.

    Several values of several options are combined, each with each.

    Example: scalelaw predict fit.json --n 1.6B --p 1 --p 8 --level 0.95
    """
    values: dict[str, list[str]] = {name: given for name, given in (("N", n), ("P", p), ("D", d), ("C", c)) if given}
    others = options.pairs("--at", at, like="U=10B")
    for name in values.keys() & others.keys():
        raise typer.BadParameter(f"{name} is given by --{name.lower()} as well", param_hint="--at")
    values |= {name: [value] for name, value in others.items()}
    if bool(values) == (table is not None):
        raise typer.BadParameter("give either values, such as --n 1.6B --p 8, or a table", param_hint="[TABLE]")
    fitted = options.saved(fit)
    own = dict.fromkeys(others, "--at")
    rows = _combined(fitted, values, own) if table is None else options.columns_of(table, column, need=())
    if level is not None:
        output.doubts(fitted, kind)
    output.table(fitted.predict(rows, interval=level, kind=kind, new_run=new_run), as_json=as_json)


def _combined(fitted: Fit, values: Mapping[str, list[str]], given: Mapping[str, str]) -> Mapping[str, Any]:
    """Every combination of the values, checked; what is wrong or missing is said of its option."""
    from scalelaw.errors import RunsError
    from scalelaw.runs import check_columns, resolve

    known = resolve(values)
    missing = [name for name in fitted.law.columns if name not in known.values() and name != "P"]
    if missing:
        asked = " and ".join(_OPTIONS.get(name, f"--at {name}=X") for name in missing)
        there = " and ".join(known.values())
        raise typer.BadParameter(
            f"law {fitted.law.name!r} needs {' and '.join(missing)} beside {there}; give {asked}",
            param_hint=_OPTIONS.get(missing[0], "--at").split()[0],
        )
    for name, texts in values.items():
        for text in texts:
            try:
                check_columns({name: [text]}, need=(), place=lambda _: "this option")
            except RunsError as error:
                said = str(error).partition("; correct it")[0]
                raise typer.BadParameter(said, param_hint=given.get(name, f"--{name.lower()}")) from None
    return options.combinations(values)
