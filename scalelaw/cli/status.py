"""`scalelaw status`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from scalelaw.cli import options, output

_EVERY = 5.0


def run(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Of a sweep.", show_default=False)],
    as_json: options.Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Print it anew every few seconds until all ended.")] = False,
) -> None:
    """Show what a sweep has done, runs, and has left.

    Example: scalelaw status runs/tiny --watch
    """
    if watch and as_json:
        raise typer.BadParameter("--json prints one document; leave out --watch", param_hint="--watch")
    from scalelaw.harness.sweep import reporting
    from scalelaw.harness.sweep.folder import open_sweep

    sweep = open_sweep(folder)
    rows = reporting.status_rows(sweep)
    while watch and reporting.goes_on(rows):
        output.result(reporting.text(rows))
        time.sleep(_EVERY)
        rows = reporting.status_rows(sweep)
    if as_json:
        output.document({"counts": reporting.counts(rows), "seconds_left": reporting.left(rows), "cells": rows})
    else:
        output.result(reporting.text(rows))
