"""`scalelaw datasets`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Print this set as CSV.", show_default=False)
    ] = None,
    about: Annotated[bool, typer.Option("--about", help="Print where the set is from instead.")] = False,
    as_json: options.Json = False,
) -> None:
    """List the bundled sets of published runs, or print one.

    Example: scalelaw datasets parscale-pile > pile.csv
    """
    from scalelaw import datasets

    if name is None:
        known = {each: datasets.about(each)["title"] for each in datasets.names()}
        if as_json:
            output.document(known)
        else:
            output.result("\n".join(f"{each:22s}{title}" for each, title in known.items()))
    elif about:
        output.document(datasets.about(name))
    elif as_json:
        output.document(datasets.load(name).to_dict("records"))
    else:
        output.result(datasets.load(name).to_csv(index=False))
