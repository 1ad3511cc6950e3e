"""`scalelaw import trainer`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="A trainer_state.json, the output_dir of a Trainer, or a folder of them."),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The runs table, such as runs.parquet.", show_default=False
        ),
    ] = None,
    loss: Annotated[
        str | None, typer.Option("--loss", metavar="NAME", help="Which loss of the log.", show_default=False)
    ] = None,
    curve: Annotated[bool, typer.Option("--curve", help="Every evaluation as a row, not the last.")] = False,
    trained: Annotated[
        str, typer.Option("--trained", metavar="WHAT", help="all, or streams on a frozen base.")
    ] = "all",
    context: Annotated[
        int | None,
        typer.Option(
            "--context", metavar="TOKENS", min=1, help="Of a sequence: count attention too.", show_default=False
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="FILE", help="config.json, where none is beside.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Read runs of transformers' Trainer, with training FLOPs that count streams, as transformers' own do not.

    Example: scalelaw import trainer out/ -o runs.parquet
    """
    from scalelaw import importers, write

    table = importers.read_trainer(
        source,
        loss=loss,
        curve=curve,
        trained=trained,  # type: ignore[arg-type]
        context=context,
        config=config,
    )
    if out is not None:
        output.note(f"wrote {write(table, out)}, {len(table)} row{'s' if len(table) != 1 else ''}")
    shown = ["run", "P", "N", "D", "C", "loss", "step"]
    output.table(table if as_json else table[shown], as_json=as_json)
