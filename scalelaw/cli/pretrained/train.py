"""`scalelaw pretrained train`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from scalelaw.cli import options, output
from scalelaw.cli.pretrained import shared
from scalelaw.cli.stopping import until_stopped


def run(
    ctx: typer.Context,
    model: shared.Model,
    out: Annotated[str, typer.Option("--output", "-o", metavar="FOLDER", help="Where the run lives.")],
    data: Annotated[
        str, typer.Option("--data", metavar="TEXT", help="A file, a folder, or a corpus: code, prose, hf:NAME.")
    ],
    tokens: Annotated[str, typer.Option("--tokens", metavar="D", help="Tokens to train on, such as 20M.")],
    streams: Annotated[int, typer.Option("--streams", metavar="P", help="Parallel streams; 1 is the control.")] = 4,
    trainable: Annotated[
        str, typer.Option("--trainable", metavar="WHAT", help="streams, all, or lora beside the streams.")
    ] = "streams",
    share: Annotated[
        float,
        typer.Option(
            "--share",
            metavar="X",
            help="Of the tokens, for the stage with streams; before it comes one without, of all at a constant rate.",
        ),
    ] = 1.0,
    nested: Annotated[
        bool, typer.Option("--nested", help="Draw P each step, so that one set serves 1, 2, 4, ... streams.")
    ] = False,
    prefix_tokens: shared.PrefixTokens = 48,
    init: shared.Init = "near-identity",
    prefix: shared.Prefix = "direct",
    aggregation: shared.Aggregation = "mlp",
    smoothing: shared.Smoothing = 0.1,
    stream_precision: shared.StreamPrecision = "float32",
    batch: Annotated[int, typer.Option("--batch", metavar="B", help="Sequences a step, over all processes.")] = 8,
    context: Annotated[int, typer.Option("--context", metavar="TOKENS", help="Of a sequence.")] = 512,
    accumulate: Annotated[int, typer.Option("--accumulate", metavar="N", help="Passes a step.")] = 1,
    rate: Annotated[float, typer.Option("--rate", metavar="X", help="Learning rate of the base, or LoRA.")] = 1e-4,
    stream_rate: Annotated[float, typer.Option("--stream-rate", metavar="X", help="And of the streams.")] = 1e-3,
    warmup: Annotated[float, typer.Option("--warmup", metavar="X", help="Share of a stage's steps.")] = 0.02,
    lora_rank: Annotated[int, typer.Option("--lora-rank", metavar="R", help="Of LoRA.")] = 8,
    precision: Annotated[
        str,
        typer.Option(
            "--precision", metavar="TYPE", help="Of the computation, not the weights: float32, bfloat16 or float16."
        ),
    ] = "float32",
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing", help="Compute activations again to save memory.")
    ] = False,
    held_out: Annotated[str, typer.Option("--held-out", metavar="N", help="Tokens to hold out, about.")] = "50k",
    repeat: Annotated[bool, typer.Option("--repeat", help="Go through the data more than once if need be.")] = False,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            metavar="S",
            min=0,
            help="Seed of the order of documents, of what streams and LoRA begin with, and of P with --nested.",
        ),
    ] = 0,
    device: shared.Device = "auto",
    shard: Annotated[
        bool, typer.Option("--shard", help="Under torchrun: spread the model over the processes.")
    ] = False,
    checkpoint_seconds: Annotated[
        float, typer.Option("--checkpoint-seconds", metavar="S", min=0, help="Between checkpoints.")
    ] = 300.0,
    revision: shared.Revision = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            "--dtype",
            metavar="TYPE",
            help="Of the base: float32, bfloat16, ...; by default float32 where it is trained, since small steps are "
            "lost on weights of fewer digits, else the model's own.",
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Train streams on a pre-trained model, or all of it with streams, and leave a row of the runs table.

    Streams that MODEL has already are trained on, as they are where options do not say otherwise.

    Ctrl-C stops it cleanly; the same command goes on. It runs under torchrun and accelerate launch too.

    Example: scalelaw pretrained train Qwen/Qwen2.5-0.5B --data code --streams 4 --tokens 20M -o runs/qwen-p4
    """
    import pandas as pd

    from scalelaw.harness import torchrun
    from scalelaw.pretrained.loading import streams_held
    from scalelaw.pretrained.settings import Settings
    from scalelaw.pretrained.training import Plan, Recipe, train

    if streams == 1:
        idle = [
            "nested",
            "prefix_tokens",
            "init",
            "prefix",
            "aggregation",
            "smoothing",
            "stream_precision",
            "stream_rate",
        ]
        shared.refuse(ctx, idle, "with --streams 1 there are no streams")
    if trainable == "streams" and share == 1:
        shared.refuse(ctx, ["rate"], "the base is frozen; --stream-rate is that of the streams")
    if trainable != "lora":
        shared.refuse(ctx, ["lora_rank"], f"there is no LoRA with --trainable {trainable}")
    shared.quieten()
    settings = Settings(
        streams=streams,
        prefix_tokens=prefix_tokens,
        smoothing=smoothing,
        aggregation=aggregation,  # type: ignore[arg-type]
        prefix=prefix,  # type: ignore[arg-type]
        precision=stream_precision,  # type: ignore[arg-type]
        nested=nested,
    )
    if streams > 1 and (held := streams_held(model, revision=revision)):
        shared.refuse(ctx, ["init"], f"{model} has streams already")
        named = {"precision": "stream_precision"}
        left = [each for each in settings.to_dict() if each != "fade" and not shared.given(ctx, named.get(each, each))]
        settings = replace(settings, **{each: getattr(held, each) for each in left})
    plan = Plan(
        model=model,
        data=data,
        tokens=shared.count(tokens, "--tokens"),
        trainable=trainable,  # type: ignore[arg-type]
        share=share,
        settings=settings,
        init=init,  # type: ignore[arg-type]
        recipe=Recipe(
            batch=batch,
            context=context,
            accumulate=accumulate,
            rate=rate,
            stream_rate=stream_rate,
            warmup=warmup,
            precision=precision,  # type: ignore[arg-type]
            checkpointing=checkpointing,
        ),
        lora_rank=lora_rank,
        held_out=shared.count(held_out, "--held-out"),
        repeat=repeat,
        seed=seed,
        revision=revision,
        dtype=dtype,
    )
    with until_stopped() as stop:
        rows = train(
            plan,
            out,
            device=device,
            shard=shard,
            checkpoint_seconds=checkpoint_seconds,
            stop=stop,
            say=output.note,
        )
    if torchrun.rank():
        return
    output.note(f"wrote {out}")
    shown = ["P", "N", "N_backbone", "D", "C", "loss", "loss_se", "bpb"]
    output.table(pd.DataFrame(rows) if as_json else pd.DataFrame(rows)[shown], as_json=as_json)
