"""`scalelaw cost`, and `train`, `reproduce`, `measure`, `study` and `hardware` below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import figures, options, output

if TYPE_CHECKING:
    from scalelaw.cost import Hardware, Shape

app = typer.Typer(
    rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)

HardwareName = Annotated[
    str,
    typer.Option(
        "--hardware",
        metavar="NAME",
        help="A machine (see `scalelaw cost hardware`), a JSON file that describes one, or `here` to measure this one.",
    ),
]
Sizes = Annotated[
    list[str] | None, typer.Option("--size", metavar="SIZE", help="1.6B, or the config.json of a model; repeatable.")
]
Streams = Annotated[list[int] | None, typer.Option("--p", metavar="P", help="Streams; repeatable. 1 and 8 if none.")]
Batch = Annotated[int, typer.Option("--batch", metavar="B", help="Sequences at once.")]
Input = Annotated[int, typer.Option("--input", metavar="TOKENS", help="Tokens of each prompt.")]
Output = Annotated[int, typer.Option("--output-tokens", metavar="TOKENS", help="Tokens generated for each.")]
Weights = Annotated[
    str, typer.Option("--weights", metavar="TYPE", help="fp16, int8, int4, q4_0, ... or bits, such as 4.8.")
]
Cache = Annotated[str, typer.Option("--cache", metavar="TYPE", help="The same for keys and values.")]
Model = Annotated[
    str, typer.Option("--model", metavar="MODEL", help="roofline, or released for the paper's own arithmetic.")
]


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    size: Sizes = None,
    p: Streams = None,
    hardware: HardwareName = "a100",
    batch: Batch = 1,
    input_tokens: Input = 512,
    output_tokens: Output = 512,
    weights: Weights = "fp16",
    cache: Cache = "fp16",
    model: Model = "roofline",
    terms: Annotated[bool, typer.Option("--terms", help="Show every term of memory, prefill and decoding.")] = False,
    as_json: options.Json = False,
) -> None:
    """Say what P streams cost to serve: memory, and time a token and a request.

    Memory is in GiB, per_token in milliseconds, prefill, decode and latency in seconds; in JSON bytes and seconds.

    Example: scalelaw cost --size 1.6B --p 1 --p 8 --hardware jetson-orin
    """
    if context.invoked_subcommand is not None:
        return
    from scalelaw.analysis.plan.served import costs, terms_text

    frame = costs(
        [shape(each) for each in size or ["1.6B"]],
        p or [1, 8],
        machine(hardware),
        batch=batch,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        weights=kind(weights),
        cache=kind(cache),
        model=model,
        terms=terms,
        plain=as_json,
    )
    if terms and not as_json:
        output.result(terms_text(frame))
    else:
        output.table(frame, as_json=as_json, digits=4)


@app.command("train")
def train(
    size: Sizes = None,
    p: Streams = None,
    tokens: Annotated[str, typer.Option("--d", metavar="D", help="Training tokens.")] = "42B",
    batch: Annotated[int, typer.Option("--batch", metavar="B", help="Sequences that a step holds at once.")] = 8,
    context: Annotated[int, typer.Option("--context", metavar="TOKENS", help="Tokens of each.")] = 2048,
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="TYPE", help="Of weights, gradients, moments and activations.")
    ] = "fp32",
    as_json: options.Json = False,
) -> None:
    """Say what P streams cost to train: FLOPs, and memory, with a frozen base and with checkpointing.

    The backward pass costs P times as much too. Memory is in GiB, in JSON bytes.

    Example: scalelaw cost train --size 1.6B --p 1 --p 8 --d 42B
    """
    from scalelaw.analysis.plan.trained import training_costs

    frame = training_costs(
        [shape(each) for each in size or ["1.6B"]],
        p or [1, 8],
        tokens=options.read_as(options.number, tokens, "--d", like="42B"),
        batch=batch,
        context=context,
        dtype=dtype,
    )
    if not as_json:
        held = ["memory", "weights", "gradients", "moments", "activations"]
        frame[held] = frame[held] / 2**30
    output.table(frame, as_json=as_json, digits=4)


@app.command("reproduce")
def reproduce(
    figure: figures.Figure = None,
    venue: Annotated[str, typer.Option(metavar="NAME", help="icml, neurips, iclr, aistats, jmlr or paper.")] = "icml",
    bootstrap: options.Bootstrap = 1000,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Compute the paper's cost claims again: its numbers, where they hold, and where they turn.

    Example: scalelaw cost reproduce --figure figures/figure-4-costs.pdf
    """
    from scalelaw.analysis.plan.reproduced import reproduce_costs

    found = reproduce_costs(progress=output.progress)
    if figure is not None:
        from scalelaw.datasets import load
        from scalelaw.fit import fit

        fitted = fit("parscale", load("parscale-stack"), bootstrap=bootstrap, rng=seed)
        figures.draw(figure, lambda plot: plot.cost_panels(fitted), venue=venue, columns=2)
    if as_json:
        output.document(found.to_dict())
    else:
        output.result(found.report())


@app.command("measure")
def measure(
    size: Annotated[
        list[str], typer.Option("--size", metavar="SIZE", help="100M, or the config.json of a model; repeatable.")
    ],
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The table: a .parquet file.")],
    p: Annotated[list[int] | None, typer.Option("--p", metavar="P", help="Streams; repeatable. 1 if none.")] = None,
    batch: Annotated[list[int] | None, typer.Option("--batch", metavar="B", help="Repeatable. 1 if none.")] = None,
    input_tokens: Annotated[list[int] | None, typer.Option("--input", help="Repeatable. 64 if none.")] = None,
    output_tokens: Annotated[list[int] | None, typer.Option("--output-tokens", help="Repeatable. 32 if none.")] = None,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", help="Times each is measured.")] = 5,
    warmup: Annotated[int, typer.Option("--warmup", metavar="N", min=0, help="Times before that.")] = 1,
    threads: Annotated[int | None, typer.Option("--threads", metavar="N", help="All processors if not given.")] = None,
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="cpu, cuda, ...")] = "cpu",
    dtype: Annotated[str, typer.Option("--dtype", metavar="TYPE", help="fp32, bf16 or fp16.")] = "fp32",
    hardware: Annotated[
        str,
        typer.Option("--hardware", metavar="NAME", help="What the prediction is for; this CPU if not given."),
    ] = "here",
    huggingface: Annotated[
        bool, typer.Option("--huggingface", help="Measure transformers' model of the config.json, not the harness's.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Measure the noisy rows of the file again.")] = False,
    as_json: options.Json = False,
) -> None:
    """Measure prefill, decoding and memory on this machine, with the roofline's prediction beside them.

    Each setting runs in a process of its own, on random weights. A row whose repeats spread over more than a fifth, or
    during which the machine swapped, is marked noisy. Rows are written as they come, and what the file holds is not
    measured again: a run that was stopped goes on.

    Example: scalelaw cost measure --size 100M --p 1 --p 8 --batch 1 -o costs.parquet
    """
    from scalelaw.analysis.plan.served import measured, readable

    frame = measured(
        size,
        out,
        read=shape,
        huggingface=huggingface,
        progress=output.progress,
        streams=p or 1,
        batch=batch or 1,
        input_tokens=input_tokens or 64,
        output_tokens=output_tokens or 32,
        repeats=repeats,
        warmup=warmup,
        threads=threads,
        device=device,
        dtype=dtype,
        hardware=None if hardware == "here" else machine(hardware),
        again=again,
    )
    output.table(frame if as_json else readable(frame), as_json=as_json, digits=4)
    noisy = int(frame["noisy"].sum())
    if noisy:
        output.note(f"{noisy} of {len(frame)} rows are noisy; measure them again on a quiet machine with --again")
    output.note(f"wrote {out}")


@app.command("study")
def study(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the table and the machine are kept.")],
    size: Annotated[str, typer.Option("--size", metavar="SIZE", help="The model that streams are added to.")] = "100M",
    p: Annotated[
        list[int] | None, typer.Option("--p", metavar="P", help="Streams; repeatable. 1, 2, 4 and 8 if none.")
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", metavar="B", help="Repeatable. 1, 2, 4 and 8 if none.")
    ] = None,
    input_tokens: Annotated[int, typer.Option("--input", metavar="TOKENS", help="Tokens of each prompt.")] = 32,
    output_tokens: Annotated[
        int, typer.Option("--output-tokens", metavar="TOKENS", help="Tokens generated for each.")
    ] = 32,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", help="Times each is measured.")] = 5,
    threads: Annotated[int | None, typer.Option("--threads", metavar="N", help="All processors if not given.")] = None,
    law: Annotated[
        str, typer.Option("--fit", metavar="FIT", help="A saved fit that says which models are as good.")
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Measure the machine and the noisy rows again.")] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Measure nothing: tell and draw what the folder holds.")
    ] = False,
    figure: figures.Figure = None,
    venue: Annotated[str, typer.Option(metavar="NAME", help="icml, neurips, iclr, aistats, jmlr or paper.")] = "icml",
    as_json: options.Json = False,
) -> None:
    """Measure what streams add on this machine, and what parameters add for the same loss.

    The law is the paper's of Stack-V2-Python where no fit is given. Rows are written as they come, and what the folder
    holds is not measured again: a study that was stopped goes on. 100M takes about 20 minutes on two quiet processors.

    Example: scalelaw cost study runs/cost-cpu --figure figures/cost-cpu
    """
    from scalelaw.analysis.plan.study import read_study, study_costs

    fitted = options.saved(law) if law else options.saved_or_fitted("parscale-stack", "parscale", None, None, 0, 0)
    what: dict[str, Any] = {
        "base": shape(size),
        "streams": p or (1, 2, 4, 8),
        "batch": batch or (1, 2, 4, 8),
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
    }
    if report:
        found = read_study(folder, fitted, **what)
    else:
        how: dict[str, Any] = {"repeats": repeats, "threads": threads, "again": again, "progress": output.progress}
        found = study_costs(folder, fitted, **what, **how)
    figures.draw(figure, lambda plot: plot.cost_panels(found.ways), venue=venue, columns=2)
    if as_json:
        output.document(found.to_dict())
    else:
        output.result(found.report())


@app.command("hardware")
def hardware_table(
    measure: Annotated[bool, typer.Option("--measure", help="Measure this machine, on one thread and on all.")] = False,
    as_json: options.Json = False,
) -> None:
    """List the machines known, with where their figures are from; or measure this one.

    Example: scalelaw cost hardware --measure
    """
    from scalelaw.analysis.plan.served import machines, machines_text

    frame = machines(measure=measure)
    if as_json:
        output.document(frame.to_dict("records"))
    else:
        output.result(machines_text(frame))


def shape(text: str) -> Shape:
    """A shape from a size of the paper, a number of parameters, or a config.json."""
    from scalelaw.analysis.plan.ways import shape_of
    from scalelaw.cost import Shape

    return Shape.from_config(text) if text.endswith(".json") or Path(text).is_dir() else shape_of(text)


def machine(text: str) -> Hardware:
    """A machine from its name, a JSON file, or `here`."""
    from scalelaw.cost import Hardware
    from scalelaw.cost.described import read_hardware

    if text == "here":
        found = Hardware.measure()
        if found.noisy:
            output.note("this machine was busy while its rates were measured; measure again when it is quiet")
        return found
    return read_hardware(text) if text.endswith(".json") else Hardware.named(text)


def kind(text: str) -> Any:
    """A data type by name, or bits as a number."""
    try:
        return float(text)
    except ValueError:
        return text
