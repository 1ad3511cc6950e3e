"""`scalelaw pretrained generate`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scalelaw.cli import output
from scalelaw.cli.pretrained import shared


def run(
    ctx: typer.Context,
    model: shared.Model,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="Text to go on from; - for standard input.")],
    streams_from: shared.From = None,
    p: Annotated[
        int | None, typer.Option("--p", metavar="P", help="Streams; 1 is the model without.", show_default=False)
    ] = None,
    tokens: Annotated[int, typer.Option("--tokens", metavar="N", min=1, help="Tokens to make, at most.")] = 64,
    temperature: Annotated[
        float, typer.Option("--temperature", metavar="X", min=0, help="0 takes the likeliest; above it, draws.")
    ] = 0.0,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="S", min=0, help="Seed of the tokens drawn, with a temperature."),
    ] = 0,
    device: shared.Device = "auto",
    revision: shared.Revision = None,
    dtype: shared.Dtype = None,
) -> None:
    """Go on from a prompt, and print what comes after it.

    Example: scalelaw pretrained generate streams/p4 "def fibonacci(n):" --p 4
    """
    if temperature == 0:
        shared.refuse(ctx, ["seed"], shared.LIKELIEST)
    from scalelaw import pretrained

    text = sys.stdin.read() if prompt == "-" else prompt
    loaded, tokenizer = shared.models(model, streams_from, revision=revision, dtype=dtype, device=device)
    said = pretrained.continue_text(
        loaded, tokenizer, text, tokens=tokens, streams=p, temperature=temperature, seed=seed
    )
    longest = getattr(loaded.config, "max_position_embeddings", None)
    if longest is not None and tokens >= longest:
        output.note(f"{tokens} tokens are more than its context of {longest}; what comes after those is doubtful")
    output.result(said)
