"""`scalelaw validate`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


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
        output.result(output.aligned(table.drop(columns=["remark", "tolerances"]), digits=5))
        for row in table[table["remark"] != ""].to_dict("records"):
            output.note(f"{row['set']}, {row['reference']}, {row['quantity']}: {row['remark']}")
    if (table["verdict"] == DISAGREES).any():
        output.note("Something disagrees: see the rows marked DISAGREES.")
        raise typer.Exit(1)
