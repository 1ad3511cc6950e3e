"""`scalelaw sensitivity`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output


def run(
    runs: options.Runs,
    law: Annotated[str, typer.Option("--law", metavar="LAW", help="A law's name or a formula.", show_default=False)],
    of: options.NeededOf,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="KIND", help="delta, loss, space, count, checkpoints, seeds, sizes, outliers, weights."
        ),
    ] = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    fix: options.Fix = None,
    delta: options.Delta = "1e-3",
    loss: options.Loss = "huber",
    space: options.Space = "log",
    column: options.Column = None,
    where: options.Where = None,
    level: options.Level = 0.95,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Refit under other choices: what does each do to the number that matters?

    Example: scalelaw sensitivity chinchilla --law chinchilla --of "loss at N=70B,D=1.4T" --figure tornado.pdf
    """
    fitting = options.fitting(fix, delta, loss, space)
    from scalelaw.analysis.sensitivity import sensitivity

    found = sensitivity(
        law,
        options.columns_of(runs, column, where),
        of=of,
        only=only or None,
        level=level,
        bootstrap=bootstrap,
        rng=seed,
        **fitting,
    )
    figures.draw(figure, lambda plot: plot.sensitivity(found))
    if as_json:
        output.table(found, as_json=True)
        return
    notes = [f"{name}: {note}" for name, note in zip(found["variant"], found["notes"], strict=True) if note]
    shown = found.drop(columns="notes").dropna(axis=1, how="all")
    output.result("\n".join([f"{of}", output.aligned(shown), *([""] if notes else []), *notes]))
