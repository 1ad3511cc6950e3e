"""`scalelaw sensitivity`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scalelaw.cli import figures, options, output


def run(
    source: options.Source,
    of: options.NeededOf,
    law: options.LawName = None,
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

    A saved fit keeps the choices that it was made by; the options of fitting are for --law.

    Example: scalelaw sensitivity chinchilla --law chinchilla --of "loss at N=70B,D=1.4T" --figure tornado.pdf
    """
    fitting: dict[str, Any] = options.fitting(fix, delta, loss, space) | {"bootstrap": bootstrap, "rng": seed}
    from scalelaw.analysis.sensitivity import sensitivity

    if law is None:
        if fitting != options.fitting(None, "1e-3", "huber", "log") | {"bootstrap": bootstrap, "rng": 0}:
            raise typer.BadParameter(
                "a saved fit keeps how it was fitted; to fit otherwise give its law and its runs", param_hint="--law"
            )
        saved = options.saved_or_fitted(source, None, column, where, bootstrap, seed)
        found = sensitivity(saved, of=of, only=only or None, level=level)
    else:
        runs = options.columns_of(source, column, where)
        found = sensitivity(law, runs, of=of, only=only or None, level=level, **fitting)
    figures.draw(figure, lambda plot: plot.sensitivity(found))
    if as_json:
        output.table(found, as_json=True)
        return
    notes = [f"{name}: {note}" for name, note in zip(found["variant"], found["notes"], strict=True) if note]
    shown = found.drop(columns="notes").dropna(axis=1, how="all")
    output.result("\n".join([f"{of}", output.aligned(shown), *([""] if notes else []), *notes]))
