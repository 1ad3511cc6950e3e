"""`scalelaw pretrained convert`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import output
from scalelaw.cli.pretrained import shared


def run(
    model: shared.Model,
    out: Annotated[str, typer.Option("--output", "-o", metavar="FOLDER", help="A new folder.")],
    streams_from: shared.From = None,
    revision: shared.Revision = None,
    dtype: shared.Dtype = None,
) -> None:
    """Write base and streams as one checkpoint in the released format; a reparameterised prefix is merged.

    Example: scalelaw pretrained convert streams/p4 -o qwen-p4
    """
    from scalelaw import pretrained

    loaded, tokenizer = shared.models(model, streams_from, revision=revision, dtype=dtype)
    output.result(f"wrote {pretrained.convert(loaded, out, tokenizer=tokenizer)}, of type {loaded.config.model_type}")
