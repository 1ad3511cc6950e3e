"""`scalelaw compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    runs: options.Runs,
    law: Annotated[
        list[str] | None,
        typer.Option("--law", metavar="LAW", help="A law to compare; repeatable. Default: those that suit the runs."),
    ] = None,
    hold: options.Hold = None,
    column: options.Column = None,
    as_json: options.Json = False,
) -> None:
    """Fit several laws to the same runs, the best first.

    Example: scalelaw compare parscale-pile --law parscale --law additive_streams --hold "P==8"
    """
    from scalelaw.fit import compare

    table = compare(law or None, options.columns_of(runs, column), hold=hold)
    output.table(table, as_json=as_json)
