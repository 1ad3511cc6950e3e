"""`scalelaw plan`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scalelaw.cli import cost, figures, options, output


def run(
    source: options.Source,
    hardware: cost.HardwareName,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory", metavar="8GiB", help="The most memory; else what the machine has.", show_default=False
        ),
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(
            "--latency", metavar="60ms/token", help="The most time a token, or 2s/request.", show_default=False
        ),
    ] = None,
    batch: cost.Batch = 1,
    input_tokens: cost.Input = 512,
    output_tokens: cost.Output = 512,
    weights: cost.Weights = "fp16",
    cache: cost.Cache = "fp16",
    model: cost.Model = "roofline",
    p: Annotated[list[int] | None, typer.Option("--p", metavar="P", help="Streams to choose from; repeatable.")] = None,
    training_tokens: Annotated[
        str | None, typer.Option("--d", metavar="D", help="Training tokens, such as 42B.", show_default=False)
    ] = None,
    train_budget: Annotated[
        str | None,
        typer.Option(
            "--train-budget",
            metavar="FLOPS",
            help="The most FLOPs of training; needs --d unless the law reads D.",
            show_default=False,
        ),
    ] = None,
    tokens: Annotated[
        str | None,
        typer.Option("--tokens", metavar="N", help="Tokens served in all, for the lifetime cost.", show_default=False),
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="U=42B", help="Another column of the law; repeatable.")
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(
            "--family",
            metavar="FIELD=VALUE",
            help="What differs from the paper's models, such as vocabulary=32000 or layers=24; repeatable.",
        ),
    ] = None,
    figure: figures.Figure = None,
    venue: Annotated[str, typer.Option(metavar="NAME", help="icml, neurips, iclr, aistats, jmlr or paper.")] = "paper",
    law: options.LawName = None,
    column: options.Column = None,
    where: options.Where = None,
    bootstrap: options.Bootstrap = 0,
    seed: options.Seed = 0,
    level: options.Level = 0.95,
    kind: options.DrawnKind = "bc",
    as_json: options.Json = False,
) -> None:
    """Choose parameters and streams: the lowest predicted loss that fits a machine and its limits.

    Example: scalelaw plan fit.json --hardware jetson-orin --memory 8GiB --latency 60ms/token --batch 1
    """
    held = options.pairs("--at", at, like="U=42B")
    shapes = options.pairs("--family", family, options.plain, like="vocabulary=32000")
    from scalelaw.analysis.plan import plan

    fitted = options.saved_or_fitted(source, law, column, where, bootstrap, seed)
    machine = cost.machine(hardware)
    served = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "weights": cost.kind(weights),
        "cache": cost.kind(cache),
        "model": model,
    }
    found = plan(
        fitted,
        machine,
        memory=memory,
        latency=latency,
        batch=batch,
        tokens=tokens,
        train_budget=train_budget,
        D=training_tokens,
        streams=p,
        level=level,
        kind=kind,
        family=shapes,
        held=held,
        **served,
    )
    regions: dict[str, Any] = {"hardware": machine, "latency": latency, "streams": p, "held": held, **served}
    regions["family"] = shapes
    figures.draw(figure, lambda plot: plot.choice_regions(fitted, **regions), venue=venue)
    if as_json:
        output.document(found.to_dict())
    else:
        output.result(found.report())
