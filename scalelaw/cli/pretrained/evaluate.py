"""`scalelaw pretrained eval`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output
from scalelaw.cli.pretrained import shared


def run(
    model: shared.Model,
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help="A file, a folder, or the held-out part of a corpus: code, prose, ..."),
    ],
    streams_from: shared.From = None,
    p: Annotated[
        list[int] | None,
        typer.Option("--p", metavar="P", help="Streams; repeatable; 1 is the model without.", show_default=False),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(
            "--context", metavar="TOKENS", help="Tokens seen at once; at most 1024 if none.", show_default=False
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", metavar="B", min=1, help="Windows at once.")] = 4,
    tokens: Annotated[
        int, typer.Option("--tokens", metavar="N", min=1, help="Stop after so many tokens, at the end of a document.")
    ] = 100_000,
    revision: shared.Revision = None,
    dtype: shared.Dtype = None,
    as_json: options.Json = False,
) -> None:
    """Print loss, perplexity and bits per byte of a text, for each P.

    Example: scalelaw pretrained eval streams/p4 notes.txt --p 1 --p 4
    """
    import pandas as pd

    from scalelaw import pretrained

    loaded, tokenizer = shared.models(model, streams_from, revision=revision, dtype=dtype)
    texts = list(pretrained.documents(text, tokens=tokens))
    rows = [
        pretrained.evaluate(
            loaded, tokenizer, texts, context=context, batch=batch, tokens=tokens, streams=count
        ).to_dict()
        for count in p or [None]  # type: ignore[list-item]
    ]
    output.table(pd.DataFrame(rows), as_json=as_json)
