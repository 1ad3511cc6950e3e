"""`scalelaw simulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalelaw.cli import options, output

if TYPE_CHECKING:
    from scalelaw.laws import Law


def run(
    law: Annotated[
        str, typer.Argument(metavar="LAW", help="A law's name (see `scalelaw laws`), a formula, or a saved fit.")
    ],
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="E=1.7", help="A parameter's true value; repeatable.")
    ] = None,
    n: Annotated[list[str] | None, typer.Option("--n", metavar="N", help="Parameters; repeatable.")] = None,
    p: Annotated[list[str] | None, typer.Option("--p", metavar="P", help="Streams; repeatable.")] = None,
    d: Annotated[list[str] | None, typer.Option("--d", metavar="D", help="Tokens; repeatable.")] = None,
    at: options.At = None,
    noise: Annotated[
        str, typer.Option(metavar="X", help="Noise of log loss: a number, or a formula such as '0.01*(1e8/N)^0.3'.")
    ] = "0.01",
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Of the noise: gaussian, t3 or t.")] = "gaussian",
    df: Annotated[float, typer.Option(metavar="X", help="Degrees of freedom of t.")] = 3.0,
    outliers: Annotated[float, typer.Option(metavar="X", help="Share of runs that went wrong.")] = 0.0,
    seeds: Annotated[
        int | None, typer.Option(metavar="K", min=1, help="Replicates of every run.", show_default=False)
    ] = None,
    checkpoints: Annotated[
        int, typer.Option(metavar="K", min=0, help="Checkpoints of a learning curve; 0 for ends of training.")
    ] = 0,
    within: Annotated[float, typer.Option(metavar="X", help="Noise of log loss of one checkpoint.")] = 0.0,
    warmup: Annotated[float, typer.Option(metavar="X", help="Share of the tokens over which curves warm up.")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Seed of the noise.")] = 0,
    save: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the table there.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Make runs of a law with known parameters: every N with every P and every D, with noise.

    Example: scalelaw simulate chinchilla --param E=1.8 --param A=480 --param B=2100 --param alpha=0.35
    --param beta=0.37 --n 100M --n 1B --d 2B --d 20B --noise 0.005 -o runs.csv
    """
    params = options.pairs("--param", param, options.number, like="E=1.7")
    others = options.held(at)
    values = {name: _quantities(name, each) for name, each in (("N", n), ("P", p), ("D", d)) if each}
    from scalelaw.laws import simulate, simulate_curves

    chosen, known = _law(law)
    params = known | params
    design: dict[str, Any] = options.combinations(values | {name: [value] for name, value in others.items()})
    shared: dict[str, Any] = {"noise": noise, "kind": kind, "df": df, "outliers": outliers, "seeds": seeds, "rng": seed}
    if checkpoints:
        shared |= {"checkpoints": checkpoints, "within": within, "warmup": warmup}
        columns = simulate_curves(chosen, params, design, **shared)
    else:
        columns = simulate(chosen, params, design, **shared)
    from scalelaw.runs import to_frame, write

    if save is None:
        output.table(to_frame(columns, {}), as_json=as_json)
    else:
        output.note(f"wrote {write(columns, save)}")


def _quantities(name: str, texts: list[str]) -> list[Any]:
    try:
        return [options.quantity(text) for text in texts]
    except ValueError:
        shown = ", ".join(texts)
        raise typer.BadParameter(
            f"cannot read {shown}; write quantities such as 1.6B", param_hint=f"--{name.lower()}"
        ) from None


def _law(given: str) -> tuple[Law, dict[str, float]]:
    """A law by name or formula, or that of a saved fit with its parameters."""
    from scalelaw.laws import resolve

    if not given.endswith(".json"):
        return resolve(given), {}
    fitted = options.saved(given)
    return fitted.law, dict(fitted.params)
