"""`scalelaw validate`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import figures, options, output

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = ("ours", "theirs", "difference", "allowed")
_LEGEND = """
ours, theirs: the objectives on the same runs at our optimum and at their point, or the value itself
difference: relative, the largest of a parameter or of a predicted loss; absolute, of an exponent or of R2
allowed: up to this the row agrees; beyond it a printed point with a higher objective than ours is not at its optimum"""


def run(
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="The runs of the Chinchilla replication, svg_extracted_data.csv of Besiroglu et al. 2024.",
            show_default=False,
        ),
    ] = None,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Refit every bundled set: does this installation compute what papers computed?

    Exit status 1 if something disagrees.

    Example: scalelaw validate
    """
    from scalelaw.validate import DISAGREES, validate

    table = validate(data)
    figures.draw(figure, lambda plot: plot.validate(table))
    if as_json:
        output.document(table.to_dict("records"))
    else:
        output.result(f"{_by_set(table)}\n{_LEGEND}")
        for row in table[table["remark"] != ""].to_dict("records"):
            output.note(f"{row['set']}, {row['reference']}, {row['quantity']}: {row['remark']}")
    if (table["verdict"] == DISAGREES).any():
        output.note("Something disagrees: see the rows marked DISAGREES.")
        raise typer.Exit(1)


def _by_set(table: pd.DataFrame) -> str:
    """The table set by set, a line a comparison: what, both numbers, their difference and its unit, the verdict."""
    rows: list[Mapping[Any, Any]] = [{**row, "what": _what(row)} for row in table.to_dict("records")]
    width = max(len(row["what"]) for row in rows)
    return "\n".join(_lines(rows, width))


def _lines(rows: Iterable[Mapping[Any, Any]], width: int) -> Iterator[str]:
    yield " " * (width + 4) + f"{'rows':>6}" + "".join(f"{title:>12}" for title in _NUMBERS)
    last = None
    for row in rows:
        title = f"{row['set']} ({row['law']})" if row["law"] else str(row["set"])
        if title != last:
            yield title
            last = title
        numbers = "".join(f"{row[name]:>12.5g}" if row[name] == row[name] else " " * 12 for name in _NUMBERS)
        yield f"    {row['what']:<{width}}{row['rows']:>6}{numbers}  {row['unit']:<8}  {row['verdict']}"


def _what(row: Mapping[Any, Any]) -> str:
    """What is compared, with the paper that it is of."""
    quantity = str(row["quantity"]).replace("exponent of N* in C", "exponent of N*")
    paper = "" if row["reference"] == "known optimum" else str(row["reference"])
    return ": ".join(filter(None, [paper, quantity]))
