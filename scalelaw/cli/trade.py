"""`scalelaw trade`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import figures, options, output

_ENDS = ("difference", "difference_low", "difference_high")
_SHOWN = ("C", "P", "N", "loss", "N_alone", *_ENDS, "better")


def run(
    source: options.Source,
    c: options.Budgets = None,
    p: Annotated[list[str] | None, typer.Option("--p", metavar="P", help="Streams above 1; repeatable.")] = None,
    n: Annotated[
        list[str] | None,
        typer.Option("--n", metavar="N", help="Parameters of the model with streams, on the same tokens; repeatable."),
    ] = None,
    flops: options.Flops = None,
    n_max: options.MostN = None,
    d_max: options.MostD = None,
    at: options.At = None,
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    level: options.Level = 0.95,
    kind: options.Kind = "bc",
    wide: options.Wide = False,
    figure: figures.Figure = None,
    as_json: options.Json = False,
) -> None:
    """Say where P streams and where parameters are the better use of training compute.

    Intervals of the difference need --bootstrap 1000, or a saved fit that has draws, or a --kind without any.

    The bundled runs with streams have one D, so the first line takes the term in D from Besiroglu et al. 2024, for
    Chinchilla; runs of your own with several D need no --fix.

    \b
    scalelaw fit parscale-pile --law parscale_data --fix B=2085 --fix beta=0.366 --bootstrap 200 -o fit.json
    Example: scalelaw trade fit.json --c 1e21 --c 1e23 --p 2 --p 8 --n-max 4B --d-max 1T
    """
    held = options.held(at)
    from scalelaw.analysis import streams_or_parameters

    fitted = options.saved_or_fitted(source, law, column, where, bootstrap, seed)
    asked = held | {"C": c or None, "P": p or None, "N": n or None, "flops": flops, "N_max": n_max, "D_max": d_max}
    asked |= {"level": level, "kind": kind}
    frame = streams_or_parameters(fitted, **asked)
    output.doubts(fitted, kind)
    output.no_intervals(fitted, kind, saved=law is None)
    output.table(frame, as_json=as_json, shown=_SHOWN, wide=wide)
    marked = frame if c or p or n else None  # those of the whole range would hide the map
    figures.draw(figure, lambda plot: plot.trade(fitted, points=marked, **asked))
