"""`scalelaw calibrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli import figures, options, output

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("quantity", "kind", "truth", "coverage", "low", "high", "below", "above", "width")


def run(
    source: options.Source,
    of: options.Ofs = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help="bc, percentile, normal, profile, sandwich or robust; repeatable."),
    ] = None,
    resample: Annotated[
        str | None, typer.Option(metavar="KIND", help=f"{options.RESAMPLE_HELP} Default: as the fit was, else auto.")
    ] = None,
    noise: Annotated[str, typer.Option(metavar="KIND", help="auto, replicates, residuals or gaussian.")] = "auto",
    sets: Annotated[int, typer.Option(metavar="N", min=1, help="Data sets to simulate.")] = 200,
    bootstrap: Annotated[int, typer.Option("--bootstrap", metavar="N", min=2, help="Resamples of each.")] = 500,
    seed: options.Seed = 0,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes; as many as processors unless given.", show_default=False),
    ] = None,
    figure: figures.Figure = None,
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    level: options.Level = 0.95,
    wide: options.Wide = False,
    as_json: options.Json = False,
) -> None:
    """Say how often intervals hold the truth for runs like these.

    Data sets are drawn from the fitted law in the same design with the same noise, and each is fitted anew.

    Rows that share a `run` (or --column run=NAME) are its checkpoints: they share noise in the data sets drawn and are
    resampled together, so that no --by is needed. A saved fit is resampled as it was, by its own strata or clusters.

    Example: scalelaw calibrate parscale-pile --law parscale --sets 100 --kind bc --kind profile
    """
    from scalelaw.fit.calibration import calibration
    from scalelaw.fit.intervals import KINDS

    fitted = options.saved_or_fitted(source, law, column, where, 0, 0)
    frame = calibration(
        fitted,
        *(of or ()),
        kinds=tuple(kind or KINDS),
        resample=resample,
        noise=noise,
        sets=sets,
        bootstrap=bootstrap,
        level=level,
        rng=seed,
        workers=workers,
    )
    figures.draw(figure, lambda plot: plot.calibration(frame))
    output.note(f"noise: {frame.attrs['noise']}; intervals: {frame.attrs['resampling'] or 'no bootstrap'}")
    output.table(frame, as_json=as_json, shown=_shown(frame), wide=wide)


def _shown(frame: pd.DataFrame) -> tuple[str, ...]:
    """How often each interval holds the truth and how wide it is; the failed fits where there are some."""
    return (*_SHOWN, *(("failed",) if frame["failed"].any() else ()))
