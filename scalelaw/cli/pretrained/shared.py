"""Options and first steps that the verbs of `scalelaw pretrained` share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from scalelaw.cli import options

MODEL_HELP = (
    "A folder or a name on the hub: a model, one with streams such as ParScale/ParScale-1.8B-P8, a folder of "
    "streams alone, which says its base, or one that train wrote."
)

Model = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False)]
From = Annotated[
    str | None,
    typer.Option("--streams-from", metavar="FOLDER", help="Streams to load onto the model.", show_default=False),
]
Revision = Annotated[
    str | None,
    typer.Option(
        "--revision",
        metavar="REV",
        help="Of the model on the hub; by default the latest, or the one that a folder of streams says.",
        show_default=False,
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option("--dtype", metavar="TYPE", help="float32, bfloat16, ...; by default the model's.", show_default=False),
]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")]
PrefixTokens = Annotated[int, typer.Option("--prefix-tokens", metavar="T", help="Slots of each prefix.")]
Init = Annotated[str, typer.Option("--init", metavar="HOW", help="near-identity, text, statistics or random.")]
Prefix = Annotated[str, typer.Option("--prefix", metavar="KIND", help="direct or reparameterised.")]
Aggregation = Annotated[str, typer.Option("--aggregation", metavar="KIND", help="mlp, linear or mean.")]
Smoothing = Annotated[float, typer.Option("--smoothing", metavar="X", help="P times a stream's least weight.")]

StreamPrecision = Annotated[
    str,
    typer.Option(
        "--stream-precision",
        metavar="TYPE",
        help="Of the streams' weights: float32, or base, the type of the base.",
    ),
]
LIKELIEST = "without a temperature the likeliest tokens are taken, whatever the seed; give --temperature"


def count(text: str, option: str) -> int:
    """A number of things, such as 20M."""
    return options.read_as(lambda given: round(options.quantity(given)), text, option, like="20M")


def given(ctx: typer.Context, name: str) -> bool:
    """Whether an option was given, be it as what it is without."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def refuse(ctx: typer.Context, names: Iterable[str], why: str) -> None:
    """Refuse options that were given and would do nothing."""
    for name in names:
        if given(ctx, name):
            raise typer.BadParameter(f"it would do nothing: {why}", param_hint=f"--{name.replace('_', '-')}")


def held_out_of_runs(names: Iterable[str | None], text: str) -> int | None:
    """How many tokens of a text all runs held out whose folders, or parts of them, are named; None for another text."""
    found = [_held_out_of_run(name, text) for name in names if name is not None]
    return min((each for each in found if each is not None), default=None)  # fewer are a part of more


def _held_out_of_run(name: str, text: str) -> int | None:
    place = Path(name)
    found = next((each / "plan.json" for each in (place, place.parent) if (each / "plan.json").is_file()), None)
    if found is None:
        return None
    plan = json.loads(found.read_text(encoding="utf-8"))
    data = str(plan.get("data", ""))
    same = data == text or (Path(data).exists() and Path(text).exists() and Path(data).samefile(text))
    return plan.get("held_out") if same else None


def quieten() -> None:
    """Keep transformers' own notes and bars to itself."""
    import transformers
    from huggingface_hub import logging

    logging.set_verbosity_error()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def models(
    name: str, streams: str | None = None, *, revision: str | None, dtype: str | None, device: str = "cpu"
) -> tuple[Any, Any]:
    """A model, on a device, and its tokenizer, without transformers' own notes and bars."""
    from scalelaw import pretrained
    from scalelaw.harness import devices

    quieten()
    chosen = devices.choose(device)
    tokenizer = pretrained.load_tokenizer(name, revision=revision)
    model = pretrained.load(name, streams=streams, revision=revision, dtype=dtype)
    return model.eval().to(chosen), tokenizer
