"""`scalelaw reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where figures and tables go.")] = Path(
        "figures"
    ),
    bootstrap: options.Bootstrap = 1000,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Refit the ParScale paper's 48 runs.

    Prints published beside refitted values, and writes the paper's figures and tables.

    Example: scalelaw reproduce --out figures
    """
    from scalelaw.reproduce import reproduce

    found = reproduce(out, bootstrap=bootstrap, rng=seed, progress=output.progress)
    if as_json:
        output.document(found.to_dict())
    else:
        output.result(found.report())
