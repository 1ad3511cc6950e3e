"""`scalelaw explore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output

if TYPE_CHECKING:
    from scalelaw.explore.live import Watch

_WATCHED = 200


def run(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="FIT...", help="Saved fits, or with --law runs; with --serve and --law a sweep."),
    ],
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Page to write.", show_default=False)
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the page to this machine, with news, to Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Of --serve; 0 for any that is free.")] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether --serve opens the page in a browser.")
    ] = True,
    law: Annotated[
        list[str] | None, typer.Option("--law", metavar="LAW", help="A law to fit to the runs; repeatable to overlay.")
    ] = None,
    column: options.Column = None,
    where: options.Where = None,
    hardware: Annotated[
        list[str] | None,
        typer.Option("--hardware", metavar="FILE", help="A JSON file of a further machine; repeatable."),
    ] = None,
    bootstrap: options.Bootstrap = _WATCHED,
    seed: options.Seed = 0,
) -> None:
    """Write a page to explore fitted laws in, or serve it while a sweep goes on.

    The page is one HTML file that asks no server for anything: sliders, intervals, contours, costs, the runs.

    Example: scalelaw explore fit.json -o page.html
    """
    if serve == (out is not None):
        raise typer.BadParameter("give the page to write, as in -o page.html, or --serve", param_hint="--output")
    from scalelaw import explore
    from scalelaw.cli.cost import machine

    machines = [machine(each) for each in hardware or ()]
    if serve:
        explore.serve(
            _watch(sources, law, bootstrap, seed, given=[*(column or ()), *(where or ())]),
            port=port,
            ready=lambda address: _ready(address, browser=browser),
            machines=machines,
        )
        return
    laws: list[str | None] = [*law] if law else [None]
    pairs = [(source, each) for source in sources for each in laws]
    fits = [
        # draws are asked for by default, and a saved fit has its own
        options.saved_or_fitted(source, each, column, where, bootstrap if each else 0, seed)
        for source, each in pairs
    ]
    chosen = {
        "columns": options.pairs("--column", column, like="N=my_column"),
        "where": options.pairs("--where", where, like="dataset=pile"),
    }
    python = [explore.expression(source, each, bootstrap, seed, **chosen) for source, each in pairs]
    assert out is not None
    explore.write(fits, out, names=_names(pairs), python=python, machines=machines)
    output.note(f"wrote {out}")


def _names(pairs: list[tuple[str, str | None]]) -> list[str]:
    """What tells the fits apart: their files or, of one source, their laws."""
    sources, laws = {source for source, _ in pairs}, {law for _, law in pairs}
    stems = [Path(source).stem for source, _ in pairs]
    if len(laws) == 1:
        return stems
    if len(sources) == 1:
        return [f"{law}" for _, law in pairs]
    return [f"{stem}, {law}" for stem, (_, law) in zip(stems, pairs, strict=True)]


def _watch(sources: list[str], law: list[str] | None, bootstrap: int, seed: int, *, given: list[Any]) -> Watch:
    from scalelaw import explore

    if given:
        raise typer.BadParameter("a sweep's columns are known; leave it out with --serve", param_hint="--column")
    if law is None:
        return explore.SavedFits(sources)
    if len(sources) != 1:
        raise typer.BadParameter("one sweep can be watched at a time", param_hint="FIT...")
    return explore.WatchedSweep(sources[0], law, bootstrap, seed)


def _ready(address: str, *, browser: bool) -> None:
    import sys

    output.result(address)
    if browser and sys.stderr.isatty():
        import webbrowser

        webbrowser.open(address)
