"""`scalelaw pretrained add`."""

from __future__ import annotations

from typing import Annotated

import typer

from scalelaw.cli import options, output
from scalelaw.cli.pretrained import shared


def run(
    ctx: typer.Context,
    model: shared.Model,
    out: Annotated[str, typer.Option("--output", "-o", metavar="FOLDER", help="A new folder, for the streams.")],
    streams: Annotated[int, typer.Option("--streams", metavar="P", help="Parallel streams.")] = 4,
    prefix_tokens: shared.PrefixTokens = 48,
    init: shared.Init = "near-identity",
    prefix: shared.Prefix = "direct",
    aggregation: shared.Aggregation = "mlp",
    smoothing: shared.Smoothing = 0.1,
    stream_precision: shared.StreamPrecision = "float32",
    fade: Annotated[
        int, typer.Option("--fade", metavar="PASSES", help="Training passes over which near-identity fades in.")
    ] = 100,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="TEXT", help="File or corpus that streams begin with.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Seed of what the streams begin with.")] = 0,
    revision: shared.Revision = None,
    dtype: shared.Dtype = None,
    as_json: options.Json = False,
) -> None:
    """Put streams on a model and save them, without the model, to be trained.

    Example: scalelaw pretrained add Qwen/Qwen2.5-3B --streams 4 -o streams/p4
    """
    if init == "random":
        shared.refuse(ctx, ["text"], "no text is read with --init random")
    if init != "near-identity":
        shared.refuse(ctx, ["fade"], f"nothing fades in with --init {init}")
    if streams == 1:
        raise typer.BadParameter("with one stream there is nothing to add; ask for 2 or more", param_hint="--streams")
    from scalelaw import pretrained
    from scalelaw.pretrained.initial import OF_TEXT
    from scalelaw.pretrained.saving import check_place
    from scalelaw.pretrained.statistics import LENGTH, sample
    from scalelaw.pretrained.texts import trained_on

    check_place(out, new=True)
    loaded, tokenizer = shared.models(model, revision=revision, dtype=dtype)
    length = prefix_tokens if init in OF_TEXT else LENGTH
    pretrained.add_streams(
        loaded,
        streams,
        prefix_tokens,
        init=init,  # type: ignore[arg-type]
        prefix=prefix,  # type: ignore[arg-type]
        aggregation=aggregation,  # type: ignore[arg-type]
        smoothing=smoothing,
        precision=stream_precision,  # type: ignore[arg-type]
        fade=fade,
        sample=None if text is None else sample(tokenizer, trained_on(text), length, least=streams),
        seed=seed,
    )
    place = loaded.save_streams(out, revision=revision)
    output.note(f"wrote {place}")
    added = sum(value.numel() for _, value in loaded.stream_parameters())
    base = sum(value.numel() for name, value in loaded.named_parameters() if "resting_streams." not in name) - added
    summary = {"streams": streams, "prefix_tokens": prefix_tokens, "init": init, "added": added, "base": base}
    if as_json:
        output.document({**summary, "folder": str(place)})
    else:
        output.result(
            f"{streams} streams with prefixes of {prefix_tokens} slots, {init}: "
            f"{added:,} parameters on {base:,} of the base"
        )
