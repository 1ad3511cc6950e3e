"""`scalelaw predict`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scalelaw.cli import options, output

Values = list[str] | None


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
    at: Annotated[Values, typer.Option("--at", metavar="NAME=X", help="Any other column; repeatable.")] = None,
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
    values: dict[str, Any] = {name: given for name, given in (("N", n), ("P", p), ("D", d), ("C", c)) if given}
    values |= {name: [value] for name, value in options.pairs("--at", at, like="U=10B").items()}
    if bool(values) == (table is not None):
        raise typer.BadParameter("give either values, such as --n 1.6B --p 8, or a table", param_hint="[TABLE]")
    fitted = options.saved(fit)
    rows = options.combinations(values) if table is None else options.columns_of(table, column, need=())
    if level is not None:
        output.doubts(fitted, kind)
    output.table(fitted.predict(rows, interval=level, kind=kind, new_run=new_run), as_json=as_json)
