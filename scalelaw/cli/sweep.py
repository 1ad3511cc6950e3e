"""`scalelaw sweep`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from scalelaw.cli import options, output
from scalelaw.errors import ScalelawError

_SEVERAL = "Comma-separated for several."


def _option(name: str, metavar: str, help: str) -> Any:
    return typer.Option(name, metavar=metavar, help=help, show_default=False)


def run(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Of the sweep; alone, it goes on.")],
    width: Annotated[str | None, _option("--width", "32,48", f"Size of the hidden states. {_SEVERAL}")] = None,
    layers: Annotated[str | None, _option("--layers", "4", "Transformer blocks.")] = None,
    streams: Annotated[str | None, _option("--streams", "1,2,4", "P; 1 where not given.")] = None,
    tokens: Annotated[str | None, _option("--tokens", "4M", "Training tokens of text.")] = None,
    seeds: Annotated[str | None, _option("--seeds", "2", "How many, or which: 0,3 or 7, with a comma.")] = None,
    corpus: Annotated[str | None, _option("--corpus", "code", "Corpora; code where not given.")] = None,
    tokenizer: Annotated[str | None, _option("--tokenizer", "bytes", "bytes (the default) or bpe:SIZE.")] = None,
    batch: Annotated[str | None, _option("--batch", "16", "Sequences a step.")] = None,
    context: Annotated[str | None, _option("--context", "256", "Tokens a sequence.")] = None,
    rate: Annotated[str | None, _option("--rate", "4e-3", "Highest learning rate.")] = None,
    prefix_rate: Annotated[str | None, _option("--prefix-rate", "1", "Factor on the rate of prefixes.")] = None,
    schedule: Annotated[str | None, _option("--schedule", "wsd", "wsd, cosine or constant.")] = None,
    warmup: Annotated[str | None, _option("--warmup", "0.05", "Share of the steps.")] = None,
    decay: Annotated[str | None, _option("--decay", "0.3", "Share of the steps, of the schedule wsd.")] = None,
    heads: Annotated[str | None, _option("--heads", "4", "Query heads; they divide the width.")] = None,
    kv_heads: Annotated[str | None, _option("--kv-heads", "1", "Key and value heads; half of the query heads.")] = None,
    ffn: Annotated[str | None, _option("--ffn", "176", "Inner size of the MLP; 8/3 of the width.")] = None,
    prefix_tokens: Annotated[str | None, _option("--prefix-tokens", "48", "Prefix slots of each stream.")] = None,
    aggregation: Annotated[str | None, _option("--aggregation", "mlp", "mlp, linear or mean.")] = None,
    smoothing: Annotated[str | None, _option("--smoothing", "0.1", "Least weight of a stream, times P.")] = None,
    prefix: Annotated[str | None, _option("--prefix", "direct", "direct or reparameterised.")] = None,
    prefix_scale: Annotated[str | None, _option("--prefix-scale", "1", "Deviation of the first prefixes.")] = None,
    prefix_at_one: Annotated[bool, typer.Option("--prefix-at-one", help="Give P = 1 a prefix as well.")] = False,
    near_identity: Annotated[bool, typer.Option("--near-identity", help="Begin as the function of P = 1.")] = False,
    repeat: Annotated[bool, typer.Option("--repeat", help="Go through the corpus more than once if need be.")] = False,
    two_stage: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Share of the tokens for stage two.", show_default=False)
    ] = None,
    trained: Annotated[str, typer.Option(metavar="WHAT", help="What stage two trains: all or streams.")] = "all",
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Cells to train at once.")] = 1,
    engine: Annotated[str, typer.Option(metavar="NAME", help="local, slurm or ray.")] = "local",
    engine_option: Annotated[
        list[str] | None,
        typer.Option("--engine-option", metavar="NAME=VALUE", help="Such as partition=long; repeatable."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.")] = "auto",
    backend: Annotated[str, typer.Option(metavar="NAME", help="What trains: torch or jax.")] = "torch",
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try failed and diverged cells again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print cells, memory and time; train nothing.")] = False,
) -> None:
    """Train every combination of some settings, and gather the losses in FOLDER/runs.parquet.

    Ctrl-C stops it, and the same command goes on. Comma-separated values make a grid.

    Example: scalelaw sweep runs/tiny --width 32,48,64 --layers 4 --streams 1,2,4,8 --tokens 4M --seeds 2 --jobs 2
    """
    settings = {
        "width": _values("--width", width, _whole),
        "layers": _values("--layers", layers, _whole),
        "streams": _values("--streams", streams, _whole),
        "tokens": _values("--tokens", tokens, _whole),
        "seeds": _seeds(seeds),
        "corpus": _values("--corpus", corpus, str),
        "tokenizer": _values("--tokenizer", tokenizer, str),
        "batch": _values("--batch", batch, _whole),
        "context": _values("--context", context, _whole),
        "rate": _values("--rate", rate, options.quantity),
        "prefix_rate": _values("--prefix-rate", prefix_rate, options.quantity),
        "schedule": _values("--schedule", schedule, str),
        "heads": _values("--heads", heads, _whole),
        "warmup": _values("--warmup", warmup, options.quantity),
        "decay": _values("--decay", decay, options.quantity),
        "kv_heads": _values("--kv-heads", kv_heads, _whole),
        "ffn": _values("--ffn", ffn, _whole),
        "prefix_tokens": _values("--prefix-tokens", prefix_tokens, _whole),
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
    engine_options = options.pairs("--engine-option", engine_option, _plain, like="partition=long")
    from scalelaw.harness import sweep
    from scalelaw.harness.sweep.asking import cells_asked

    cells = cells_asked(settings)
    if dry_run:
        from scalelaw.harness.sweep import planning
        from scalelaw.harness.sweep.folder import check_folder, open_sweep

        if cells is not None:
            check_folder(folder, cells)
        rows = planning.plan(open_sweep(folder).cells if cells is None else cells, device=device)
        output.result(planning.text(rows, jobs))
        return
    ours: dict[str, Any] = {"jobs": jobs, "engine": engine, "retry": retry, "train": backend}
    ours |= {"device": device, "compile": compile}
    if taken := sorted(set(ours) & set(engine_options)):
        raise typer.BadParameter(f"{taken[0]} has an option of its own", param_hint="--engine-option")
    command = " ".join(["scalelaw", *sys.argv[1:]])
    outcome = sweep.run(folder, cells, progress=sys.stderr, command=command, **ours, **engine_options)
    output.result(outcome.text)
    if not outcome.complete:
        names = ", ".join(outcome.failed)
        raise ScalelawError(f"not all cells are done ({names}); see `scalelaw status {folder}`, and --retry")


def _values(option: str, text: str | None, read: Callable[[str], Any]) -> list[Any] | None:
    """Comma-separated values."""
    if text is None:
        return None
    try:
        return [read(each.strip()) for each in text.rstrip(",").split(",")]
    except ValueError:
        raise typer.BadParameter(f"cannot read {text!r}; write it like 4, 4M or 1,2,4", param_hint=option) from None


def _seeds(text: str | None) -> int | list[int] | None:
    values = _values("--seeds", text, _whole)
    return values[0] if values is not None and "," not in str(text) else values


def _plain(text: str) -> Any:
    """A number where it is one."""
    from scalelaw.runs import quantity

    value = quantity(text)
    return text if value is None else value


def _whole(text: str) -> int:
    value = options.quantity(text)
    if not isinstance(value, int):
        raise ValueError
    return value
