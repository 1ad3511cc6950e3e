"""`scalelaw pretrained eval`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output
from scalelaw.cli.pretrained import shared

if TYPE_CHECKING:
    import pandas as pd


OPTIONS = {
    "human-eval": {"batch", "limit", "samples", "temperature", "seconds", "seed"},
    "reasoning": {"batch", "limit", "shots", "seed"},
    "lm-eval": {"batch", "limit", "shots", "include"},
    "a text": {"context", "batch", "tokens"},
}
"""What each kind of evaluation takes, beside what all take."""


def run(
    ctx: typer.Context,
    model: shared.Model,
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="Loss on a file, a folder, or the held-out part of a corpus (code, prose, ...) or of what the run was "
            "trained on; or scores: human-eval, reasoning:SET,SET or lm-eval:TASK,TASK.",
        ),
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
    batch: Annotated[
        int, typer.Option("--batch", metavar="B", min=1, help="Windows of text, questions or requests at once.")
    ] = 4,
    tokens: Annotated[
        int, typer.Option("--tokens", metavar="N", min=1, help="Stop after so many tokens, at the end of a document.")
    ] = 100_000,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Questions of a task.", show_default=False)
    ] = None,
    shots: Annotated[
        int | None, typer.Option("--shots", metavar="N", min=0, help="Examples before each.", show_default=False)
    ] = None,
    samples: Annotated[int, typer.Option("--samples", metavar="N", min=1, help="Programs a problem.")] = 1,
    temperature: Annotated[
        float, typer.Option("--temperature", metavar="X", min=0, help="Of programs; 0 takes the likeliest.")
    ] = 0.0,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", min=0, help="That a program may run.")] = 3.0,
    include: Annotated[
        str | None, typer.Option("--include", metavar="FOLDER", help="lm-eval tasks of one's own.", show_default=False)
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            metavar="S",
            min=0,
            help="Seed of the questions of reasoning, and of programs drawn with a temperature.",
        ),
    ] = 0,
    device: shared.Device = "auto",
    revision: shared.Revision = None,
    dtype: shared.Dtype = None,
    as_json: options.Json = False,
) -> None:
    """Print loss, perplexity and bits per byte of a text for each P, or scores of tasks.

    human-eval runs programs that the model writes, with little time and memory, without network and without files but
    Python's own; that stops accidents and is no wall against malice, for which run it in a container.

    Example: scalelaw pretrained eval streams/p4 notes.txt --p 1 --p 4
    """
    kind, _, names = what.partition(":")
    chosen = kind if kind in OPTIONS and (kind != "human-eval" or not names) else "a text"
    idle = sorted(set().union(*OPTIONS.values()) - OPTIONS[chosen])
    shared.refuse(ctx, idle, f"{chosen} is evaluated, which takes {', '.join(sorted(OPTIONS[chosen]))}")
    if what == "human-eval" and temperature == 0:
        shared.refuse(ctx, ["seed", "samples"], shared.LIKELIEST)
    from scalelaw import pretrained
    from scalelaw.pretrained import scoring

    loaded, tokenizer = shared.models(model, streams_from, revision=revision, dtype=dtype, device=device)
    asked: list[Any] = list(p) if p else [None]
    table: pd.DataFrame
    if what == "human-eval":
        table = scoring.human_eval(
            loaded,
            tokenizer,
            streams=asked,
            samples=samples,
            temperature=temperature,
            seconds=seconds,
            problems=limit,
            batch=batch,
            seed=seed,
            say=output.progress,
        )
    elif kind == "reasoning":
        table = scoring.reasoning(
            loaded,
            tokenizer,
            names.split(",") if names else scoring.ARITHMETIC,
            streams=asked,
            questions=100 if limit is None else limit,
            shots=4 if shots is None else shots,
            batch=batch,
            seed=seed,
            say=output.progress,
        )
    elif kind == "lm-eval":
        table = scoring.lm_eval_tasks(
            loaded,
            tokenizer,
            names.split(","),
            streams=asked,
            shots=shots,
            limit=limit,
            batch=batch,
            include=include,
            say=output.progress,
        )
    else:
        held_out = shared.held_out_of_runs((model, streams_from), what)
        if held_out is not None:
            output.note(f"{what} was trained on, and what was held out of it is evaluated")
        table = pretrained.evaluate_each(
            loaded, tokenizer, what, streams=asked, context=context, batch=batch, tokens=tokens, held_out=held_out
        )
    output.table(table, as_json=as_json)
