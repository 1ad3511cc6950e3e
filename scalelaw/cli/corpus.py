"""`scalelaw corpus`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="code, prose, text:PATH or hf:NAME.", show_default=False)
    ] = None,
    tokenizer: Annotated[str, typer.Option(metavar="NAME", help="bytes or bpe:SIZE, such as bpe:4096.")] = "bytes",
    held_out: Annotated[str, typer.Option(metavar="TOKENS", help="Tokens to hold out, at least.")] = "500k",
    as_json: options.Json = False,
) -> None:
    """Prepare a corpus, fetching it where need be, and print its card; without a name, list the corpora.

    Example: scalelaw corpus text:my_notes --tokenizer bpe:1024
    """
    from scalelaw.harness import corpus

    if name is None:
        if as_json:
            output.document(corpus.KNOWN)
        else:
            output.result("\n".join(f"{each:12s}{what}" for each, what in corpus.KNOWN.items()))
        return
    wanted = options.read_as(options.whole, held_out, "--held-out", like="20k")
    card = corpus.prepare(name, tokenizer=tokenizer, held_out=wanted).card
    if as_json:
        output.document(card.to_dict())
    else:
        output.result(card.text())
