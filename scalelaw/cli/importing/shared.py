"""What the verbs that read logs share: options, and how a table is written and shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output

if TYPE_CHECKING:
    import pandas as pd

Out = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="The runs table, such as runs.parquet.", show_default=False),
]
LossName = Annotated[
    str | None, typer.Option("--loss", metavar="NAME", help="Which loss of the log.", show_default=False)
]
Curve = Annotated[bool, typer.Option("--curve", help="Every evaluation as a row, not the last.")]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="N=NAME", help="Which metric or setting is N, P, D, C, step, ...; repeatable."),
]
TokensPerStep = Annotated[
    str | None,
    typer.Option("--tokens-per-step", metavar="X", help="Batch size times context, for D.", show_default=False),
]
About = Annotated[
    str | None,
    typer.Option(
        "--about", metavar="FILE", help="A table of run, N, P, ...: what logs do not say.", show_default=False
    ),
]
Trained = Annotated[str, typer.Option("--trained", metavar="WHAT", help="all, or streams on a frozen base.")]
Context = Annotated[
    int | None,
    typer.Option("--context", metavar="TOKENS", min=1, help="Of a sequence: count attention too.", show_default=False),
]

_SHOWN = ("run", "P", "N", "D", "C", "loss", "step")


def finish(table: pd.DataFrame, out: str | None, *, as_json: bool, shown: tuple[str, ...] = _SHOWN) -> None:
    """Write the runs table where that is asked for, and print it."""
    from scalelaw import write

    for note in table.attrs.get("scalelaw", {}).get("notes", ()):
        output.note(f"doubt: {note}")
    if out is not None:
        output.note(f"wrote {write(table, out)}, {len(table)} row{'s' if len(table) != 1 else ''}")
    output.table(table if as_json else table[[name for name in shown if name in table]], as_json=as_json)


def logged(
    loss: str | None,
    curve: bool,
    column: list[str] | None,
    tokens_per_step: str | None,
    about: str | None,
    trained: str,
    context: int | None,
) -> dict[str, Any]:
    """The options of verbs that read metrics, as arguments."""
    read = partial(options.read_as, options.quantity, option="--tokens-per-step", like="524288")
    return {
        "loss": loss,
        "curve": curve,
        "columns": options.pairs("--column", column, like="N=my_setting"),
        "tokens_per_step": None if tokens_per_step is None else read(tokens_per_step),
        "about": about,
        "trained": trained,
        "context": context,
    }
