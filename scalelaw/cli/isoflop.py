"""`scalelaw isoflop`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import figures, options, output

if TYPE_CHECKING:
    import pandas as pd


def run(
    runs: options.Runs,
    curve: Annotated[str, typer.Option(metavar="KIND", help="Curve of a profile: parabola or akima.")] = "parabola",
    window: Annotated[
        float, typer.Option(metavar="X", help="A parabola's runs lie within this factor of the best.")
    ] = 10.0,
    noise: Annotated[
        float | None,
        typer.Option(metavar="X", help="Noise of log loss; from the profiles by default.", show_default=False),
    ] = None,
    envelope: Annotated[
        bool, typer.Option("--envelope", help="The envelope of learning curves (approach 1) instead.")
    ] = False,
    warmup: Annotated[
        str, typer.Option(metavar="X", help="Warm-up to drop from learning curves: a share below 1, or steps.")
    ] = "0.1",
    minima: Annotated[
        bool, typer.Option("--minima", help="Print the minimum of each budget, not the exponents.")
    ] = False,
    law: Annotated[
        str | None,
        typer.Option(metavar="LAW", help="A law, to print all three approaches side by side.", show_default=False),
    ] = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    level: options.Level = 0.95,
    kind: options.DrawnKind = "bc",
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Find the best size at each training budget from isoFLOP profiles, and how it grows with compute.

    Exponents of three profiles or more have Student's intervals. Those of two, the minima, the envelope and the
    parametric law have intervals with --bootstrap 1000 alone.

    Example: scalelaw isoflop porian --where dataset=rw --where hparams=tuned --where decay=const
    --where param_count=standard --curve akima --bootstrap 1000
    """
    from scalelaw import analysis

    table = options.columns_of(runs, column, where, need=("N", "D", "loss"))
    shared: dict[str, Any] = {"bootstrap": bootstrap, "rng": seed, "level": level, "kind": kind}
    if law is not None:
        three = analysis.approaches(table, law=law, curve=curve, **shared)
        figures.draw(figure, lambda plot: plot.exponents(three))
        output.with_notes(three, as_json=as_json)
        _say_intervals(three, bootstrap)
    else:
        if envelope:
            share = options.pairs("--warmup", [f"warmup={warmup}"], options.number, like="0.1")
            frontier = analysis.envelope(analysis.learning_curves(table, **share), **shared)
        else:
            frontier = analysis.isoflop(table, curve=curve, window=window, noise=noise, **shared)
        frame = frontier.minima if minima else frontier.exponents
        figures.draw(figure, lambda plot: plot.isoflop(frontier))
        output.table(frame, as_json=as_json)
        _say_intervals(frame, bootstrap)


def _say_intervals(frame: pd.DataFrame, bootstrap: int) -> None:
    """Say how the intervals that are not there can be had."""
    ends = [name for name in frame if str(name).endswith("low")]
    if not bootstrap and (not ends or frame[ends].isna().any(axis=None)):
        output.note(output.NO_INTERVALS)
