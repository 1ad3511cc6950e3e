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
    fix: options.Fix = None,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    column: options.Column = None,
    where: options.Where = None,
    as_json: options.Json = False,
) -> None:
    """Fit several laws to the same runs, the best first.

    Example: scalelaw compare parscale-pile --law parscale --law additive_streams --hold "P==8"
    """
    fitting = options.fitting(fix, delta, loss, space)
    from scalelaw.fit import compare

    table = compare(
        law or None,
        options.columns_of(runs, column, where),
        hold=hold,
        **fitting,
    )
    params = table.attrs["params"]
    if as_json:
        output.document([{**row, "params": params[row["law"]]} for row in table.to_dict("records")])
        return
    fitted = [
        f"{name}: {', '.join(f'{key} {value:.6g}' for key, value in params[name].items())}"
        for name in table["law"]
        if params[name]
    ]
    notes = [f"{name}: {note}" for name, note in zip(table["law"], table["notes"], strict=True) if note]
    numbers = output.aligned(table.drop(columns="notes").dropna(axis=1, how="all"))
    output.result("\n".join([numbers, "", *fitted, *([""] if notes else []), *notes]))
