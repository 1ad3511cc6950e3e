"""`scalelaw sweep`."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from scalelaw.cli import options, output
from scalelaw.errors import ScalelawError

_CORPORA = re.compile(r",\s*(?=(?:code|prose)\s*(?:,|$)|text:|hf:)")  # not at a comma of a path


def _option(name: str, metavar: str, help: str) -> Any:
    return typer.Option(name, metavar=metavar, help=help, show_default=False)


def run(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Of the sweep; alone, it goes on.")],
    width: Annotated[str | None, _option("--width", "N,...", "Size of the hidden states; needed.")] = None,
    layers: Annotated[str | None, _option("--layers", "N,...", "Transformer blocks; needed.")] = None,
    tokens: Annotated[str | None, _option("--tokens", "D,...", "Training tokens of text, such as 4M; needed.")] = None,
    flops: Annotated[
        str | None, _option("--flops", "C,...", "Training FLOPs of each cell, such as 1e13, instead of its tokens.")
    ] = None,
    streams: Annotated[str | None, _option("--streams", "P,...", "Parallel streams. [default: 1]")] = None,
    seeds: Annotated[
        str | None, _option("--seeds", "N", "How many, or which: 0,3 or 7, with a comma. [default: 1]")
    ] = None,
    corpus: Annotated[
        str | None, _option("--corpus", "NAME,...", "code, prose, text:PATH, hf:NAME. [default: code]")
    ] = None,
    tokenizer: Annotated[str | None, _option("--tokenizer", "NAME,...", "bytes or bpe:SIZE. [default: bytes]")] = None,
    held_out: Annotated[str | None, _option("--held-out", "N", "Tokens to hold out, at least. [default: 500k]")] = None,
    batch: Annotated[str | None, _option("--batch", "N,...", "Sequences a step. [default: 16]")] = None,
    context: Annotated[str | None, _option("--context", "N,...", "Tokens a sequence. [default: 256]")] = None,
    rate: Annotated[str | None, _option("--rate", "X,...", "Highest learning rate. [default: 4e-3]")] = None,
    prefix_rate: Annotated[
        str | None, _option("--prefix-rate", "X,...", "Factor on the rate of prefixes. [default: 1]")
    ] = None,
    schedule: Annotated[
        str | None, _option("--schedule", "NAME,...", "wsd, cosine or constant; not with --two-stage. [default: wsd]")
    ] = None,
    warmup: Annotated[str | None, _option("--warmup", "X,...", "Share of the steps. [default: 0.05]")] = None,
    decay: Annotated[str | None, _option("--decay", "X,...", "Share of the steps, in wsd. [default: 0.3]")] = None,
    heads: Annotated[
        str | None, _option("--heads", "N,...", "Query heads; they divide the width. [default: by the width]")
    ] = None,
    kv_heads: Annotated[
        str | None, _option("--kv-heads", "N,...", "Key and value heads. [default: half of the query heads]")
    ] = None,
    ffn: Annotated[str | None, _option("--ffn", "N,...", "Inner size of the MLP. [default: 8/3 of the width]")] = None,
    prefix_tokens: Annotated[
        str | None, _option("--prefix-tokens", "N,...", "Prefix slots of each stream. [default: 48]")
    ] = None,
    aggregation: Annotated[
        str | None, _option("--aggregation", "NAME,...", "mlp, linear or mean. [default: mlp]")
    ] = None,
    smoothing: Annotated[
        str | None, _option("--smoothing", "X,...", "Least weight of a stream, times P. [default: 0.1]")
    ] = None,
    prefix: Annotated[
        str | None, _option("--prefix", "NAME,...", "direct or reparameterised. [default: direct]")
    ] = None,
    prefix_scale: Annotated[
        str | None, _option("--prefix-scale", "X,...", "Deviation of the first prefixes. [default: 1]")
    ] = None,
    prefix_at_one: Annotated[bool, typer.Option("--prefix-at-one", help="Give P = 1 a prefix as well.")] = False,
    near_identity: Annotated[bool, typer.Option("--near-identity", help="Begin as the function of P = 1.")] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=X,...",
            help="Another one: weight_decay, clip, final, beta1, beta2, eps, tied, bias; repeatable.",
        ),
    ] = None,
    repeat: Annotated[bool, typer.Option("--repeat", help="Go through the corpus more than once if need be.")] = False,
    two_stage: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Train P = 1 at a constant rate, then put streams on, for this share of the tokens, annealed; "
            "runs.parquet has the second stage.",
            show_default=False,
        ),
    ] = None,
    trained: Annotated[str, typer.Option(metavar="WHAT", help="What stage two trains: all or streams.")] = "all",
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Cells to train at once.")] = 1,
    engine: Annotated[str, typer.Option(metavar="NAME", help="local, slurm or ray.")] = "local",
    engine_option: Annotated[
        list[str] | None,
        typer.Option("--engine-option", metavar="NAME=VALUE", help="Such as partition=long; repeatable."),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="auto, cpu, mps, cuda (jobs take turns) or cuda:1; with jax: auto, cpu, gpu or tpu."
        ),
    ] = "auto",
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="What trains: auto (jax for what it alone does), torch or jax.")
    ] = "auto",
    together: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="With jax: cells of one shape that a job trains in one program."),
    ] = 1,
    devices: Annotated[int, typer.Option(metavar="N", min=1, help="With jax: devices that share each batch.")] = 1,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try failed and diverged cells again.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print cells, parameters, FLOPs, memory and time; train nothing.")
    ] = False,
) -> None:
    """Train every combination of some settings, and gather the losses in FOLDER/runs.parquet.

    Ctrl-C stops it, and the same command goes on. Comma-separated values make a grid. Every cell is trained once: a
    sweep that is asked for more, with the earlier settings among the new ones, grows by what is missing.

    Example: scalelaw sweep runs/tiny --width 32,48,64 --layers 4 --streams 1,2,4,8 --tokens 4M --seeds 2 --jobs 2
    """
    settings = {
        "width": _values("--width", width, options.whole),
        "layers": _values("--layers", layers, options.whole),
        "streams": _values("--streams", streams, options.whole),
        "tokens": _values("--tokens", tokens, options.whole),
        "flops": _values("--flops", flops, options.quantity),
        "seeds": _seeds(seeds),
        "corpus": None if corpus is None else _corpora(corpus),
        "tokenizer": _values("--tokenizer", tokenizer, str),
        "held_out": None if held_out is None else _only("--held-out", held_out, options.whole),
        "batch": _values("--batch", batch, options.whole),
        "context": _values("--context", context, options.whole),
        "rate": _values("--rate", rate, options.quantity),
        "prefix_rate": _values("--prefix-rate", prefix_rate, options.quantity),
        "schedule": _values("--schedule", schedule, str),
        "warmup": _values("--warmup", warmup, options.quantity),
        "decay": _values("--decay", decay, options.quantity),
        "heads": _values("--heads", heads, options.whole),
        "kv_heads": _values("--kv-heads", kv_heads, options.whole),
        "ffn": _values("--ffn", ffn, options.whole),
        "prefix_tokens": _values("--prefix-tokens", prefix_tokens, options.whole),
        "aggregation": _values("--aggregation", aggregation, str),
        "smoothing": _values("--smoothing", smoothing, options.quantity),
        "prefix": _values("--prefix", prefix, str),
        "prefix_scale": _values("--prefix-scale", prefix_scale, options.quantity),
        "prefix_at_one": prefix_at_one or None,
        "near_identity": near_identity or None,
        "repeat": repeat or None,
        "two_stage": two_stage,
        "trained": None if trained == "all" else trained,
    }
    others = options.pairs("--set", setting, str, like="weight_decay=0,0.1")
    if taken := sorted(set(settings) & set(others)):
        raise typer.BadParameter(f"{taken[0]} has an option of its own", param_hint="--set")
    settings |= {name: _values("--set", value, options.plain) for name, value in others.items()}
    engine_options = options.pairs("--engine-option", engine_option, options.plain, like="partition=long")
    from scalelaw.harness import sweep
    from scalelaw.harness.signals import terminated_as_interrupted
    from scalelaw.harness.sweep import plan_text, planning
    from scalelaw.harness.sweep.asking import cells_asked
    from scalelaw.harness.sweep.ending import why_not_done

    ours: dict[str, Any] = {"jobs": jobs, "engine": engine, "retry": retry, "train": backend}
    ours |= {"device": device, "compile": compile, "together": together, "devices": devices}
    if taken := sorted(set(ours) & set(engine_options)):
        raise typer.BadParameter(f"{taken[0]} has an option of its own", param_hint="--engine-option")
    cells = cells_asked(settings)
    if dry_run:
        rows = planning.rehearse(folder, cells, progress=sys.stderr, **ours, **engine_options)
        output.result(plan_text.text(rows, jobs, together, engine=engine))
        return
    command = shlex.join(["scalelaw", *sys.argv[1:]])
    with terminated_as_interrupted():
        outcome = sweep.run(folder, cells, progress=sys.stderr, command=command, **ours, **engine_options)
    output.result(outcome.text)
    if not outcome.complete:
        raise ScalelawError(why_not_done(outcome.counts, outcome.first or ", ".join(outcome.failed), folder))


def _values(option: str, text: str | None, read: Callable[[str], Any]) -> list[Any] | None:
    """Comma-separated values."""
    if text is None:
        return None
    like = "4, 4M or 1,2,4" if read is options.whole else "0.1, 4e-3 or 1,3"
    return options.read_as(
        lambda given: [read(each.strip()) for each in given.rstrip(",").split(",")], text, option, like=like
    )


def _corpora(text: str) -> list[str]:
    """Names of corpora; that of a file may have commas."""
    return [each.strip() for each in (_CORPORA.split(text) if "text:" in text else text.split(","))]


def _only(option: str, text: str, read: Callable[[str], Any]) -> Any:
    values = _values(option, text, read) or []
    if len(values) != 1:
        raise typer.BadParameter(f"takes one value, not {text!r}", param_hint=option)
    return values[0]


def _seeds(text: str | None) -> int | list[int] | None:
    values = _values("--seeds", text, options.whole)
    return values[0] if values is not None and "," not in str(text) else values
