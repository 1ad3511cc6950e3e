"""Options that several verbs share, and how their texts are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from scalelaw.fit import Fit

T = TypeVar("T")

RUNS_HELP = (
    "A file (.csv, .parquet, .jsonl, ...), a folder of them, - for standard input, or the name of a bundled set "
    "(see `scalelaw datasets`); a folder that has the name of one is written ./NAME."
)

Runs = Annotated[str, typer.Argument(metavar="RUNS", help=RUNS_HELP, show_default=False)]
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A saved fit, or with --law the runs to fit it to, as for `scalelaw fit`.",
        show_default=False,
    ),
]
LawName = Annotated[
    str | None,
    typer.Option("--law", metavar="LAW", help="A law's name (see `scalelaw laws`) or a formula.", show_default=False),
]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="N=NAME", help="Which column is N, P, D, C, loss, ...; repeatable."),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="COL=VALUE", help="Take only the rows with this value; repeatable."),
]
Hold = Annotated[
    str | None, typer.Option("--hold", metavar='"P==8"', help="Runs to hold out and predict.", show_default=False)
]
Holds = Annotated[
    list[str] | None,
    typer.Option(
        "--hold",
        metavar="WHAT",
        help="What to hold out: loo (each run in turn, whole where rows share a `run`, as checkpoints do), rolling, N, "
        "P, D, C, or rows such as 'P==8'; repeatable. Default: all that suit.",
        show_default=False,
    ),
]
Refits = Annotated[
    int,
    typer.Option(
        "--refits",
        metavar="N",
        min=2,
        help="Resamples of the paired bootstrap, of whole runs where rows share a `run` (or --column run=NAME).",
    ),
]
RESAMPLE_HELP = (
    "Kind of bootstrap: auto (cluster where rows share a `run`, else pairs), pairs, stratified, cluster, bayesian, "
    "bayesian-stratified, bayesian-cluster, wild, wild-mammen or parametric."
)
TestRefits = Annotated[
    int | None,
    typer.Option(
        "--refits",
        metavar="N",
        min=0,
        help="New tables for the bootstrap of the test, 0 for the F distribution. Default: 399, but 0 for least "
        "squares and independent runs.",
        show_default=False,
    ),
]
Fix = Annotated[list[str] | None, typer.Option("--fix", metavar="k=0", help="Hold a parameter; repeatable.")]
Delta = Annotated[str, typer.Option("--delta", metavar="X", help="Huber's delta, or auto (from the residuals).")]
Loss = Annotated[str, typer.Option("--loss", metavar="KIND", help="huber, squared or absolute.")]
Space = Annotated[str, typer.Option("--space", metavar="SPACE", help="Residuals of log or raw loss.")]
_OF = "A parameter, or a quantity such as 'loss at N=70B,D=1.4T', 'multiplier at N=1.6B,P=8', 'N* at C=1e21' or a"
Of = Annotated[str | None, typer.Option("--of", metavar="QUANTITY", help=f"{_OF}.", show_default=False)]
NeededOf = Annotated[str, typer.Option("--of", metavar="QUANTITY", help=f"{_OF}.", show_default=False)]
Ofs = Annotated[
    list[str] | None,
    typer.Option("--of", metavar="QUANTITY", help=f"{_OF}; repeatable; every parameter unless given."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, with every column.")]
Wide = Annotated[bool, typer.Option("--wide", help="Print every column, where some are left out for a terminal.")]
Budgets = Annotated[
    list[str] | None, typer.Option("--c", metavar="C", help="Budget in training FLOPs, such as 1e21; repeatable.")
]
Flops = Annotated[
    str | None,
    typer.Option(
        "--flops", metavar="FORMULA", help="FLOPs of a run by N, P and D; 6*N*D*P unless given.", show_default=False
    ),
]
MostN = Annotated[str | None, typer.Option("--n-max", metavar="N", help="Most parameters.", show_default=False)]
MostD = Annotated[str | None, typer.Option("--d-max", metavar="D", help="Most tokens.", show_default=False)]
Level = Annotated[float, typer.Option("--level", metavar="LEVEL", help="Level of the intervals, such as 0.95.")]
OwnLevel = Annotated[
    float | None,
    typer.Option(
        "--level",
        "--interval",
        metavar="LEVEL",
        help="Level of the intervals; 0.95 unless given.",
        show_default=False,
    ),
]
DrawnKind = Annotated[
    str, typer.Option("--kind", metavar="KIND", help="Kind of interval: bc (bias-corrected), percentile or normal.")
]
Kind = Annotated[
    str,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Kind of interval: bc, percentile or normal by the bootstrap; profile, sandwich or robust without.",
    ),
]
Bootstrap = Annotated[
    int, typer.Option("--bootstrap", metavar="N", min=0, help="Resamples to refit for intervals; 0 for none.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Seed of the resampling.")]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at", metavar="NAME=X", help="Another column of the law, such as D=42B; repeatable.", show_default=False
    ),
]


def level_of(level: float | None, kind: str, bootstrap: int) -> float:
    """The level of the intervals of a fit that is made here, 0.95 unless given; refused where there will be none."""
    from scalelaw.fit.intervals import KINDS, check_kind

    check_kind(level, kind)
    if not bootstrap and kind in KINDS and (level is not None or kind != "bc"):
        raise typer.BadParameter(
            f"an interval of the kind {kind} is by the bootstrap, and none is asked for; give --bootstrap 1000",
            param_hint="--kind" if level is None else "--level",
        )
    return 0.95 if level is None else level


def pairs(option: str, texts: Iterable[str] | None, read: Callable[[str], Any] = str, *, like: str) -> dict[str, Any]:
    """``NAME=VALUE`` texts as a dict, each value read by ``read``, which raises ValueError for what it cannot read.

    After ``--at`` one text may hold several, with commas, as a quantity does.
    """
    values: dict[str, Any] = {}
    for text in parted(texts) if option == "--at" else texts or ():
        name, sign, value = (part.strip() for part in text.partition("="))
        try:
            if not (name and sign and value):
                raise ValueError
            read_value = read(value)
        except ValueError:
            raise typer.BadParameter(f"cannot read {text!r}; write it like {like}", param_hint=option) from None
        if name in values:
            raise typer.BadParameter(f"{name!r} is given twice", param_hint=option)
        values[name] = read_value
    return values


def quantity(text: str) -> float:
    """A quantity such as 1.6B, whole where it is a whole number."""
    from scalelaw import runs

    value = runs.quantity(text)
    if value is None:
        raise ValueError
    return value


def whole(text: str) -> int:
    """A whole quantity such as 4M."""
    value = quantity(text)
    if not isinstance(value, int):
        raise ValueError
    return value


def plain(text: str) -> Any:
    """A number or a truth where it is one, else the text."""
    from scalelaw import runs

    value = runs.quantity(text)
    return {"true": True, "false": False}.get(text.lower(), text) if value is None else value


def read_as(read: Callable[[str], T], text: str, option: str, *, like: str) -> T:
    """The text of an option, read by ``read``, which raises ValueError for what it cannot read."""
    try:
        return read(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"cannot read {text!r}; write it like {like}", param_hint=option) from None


def number(text: str) -> float:
    """A number, which may be written as a quantity such as 1.6B."""
    return float(quantity(text))


def span(text: str) -> tuple[float, float]:
    """``LOW:HIGH``, of which either end may be left out."""
    low, colon, high = text.partition(":")
    if not colon:
        raise ValueError
    infinite = float("inf")
    return number(low) if low.strip() else -infinite, number(high) if high.strip() else infinite


def fixed(texts: Iterable[str] | None) -> dict[str, float]:
    """Parameters to hold, from ``k=0``."""
    return pairs("--fix", texts, number, like="k=0")


def held(texts: Iterable[str] | None) -> dict[str, Any]:
    """Values of other columns, from ``D=42B``."""
    return pairs("--at", texts, quantity, like="D=42B")


def parted(texts: Iterable[str] | None) -> list[str]:
    """The single ``NAME=X`` of texts such as ``N=70B,D=1.4T``; a comma within a value stays.

    Examples
    --------
    >>> parted(["N=70B, D=1.4T", "family=a,b"])
    ['N=70B', 'D=1.4T', 'family=a,b']
    """
    return [part.strip() for text in texts or () for part in re.split(r",(?=[^,=]+=)", text)]


def threshold(text: str) -> float | str:
    """Huber's delta: a number or ``auto``."""
    try:
        return text if text == "auto" else number(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither a number nor auto", param_hint="--delta") from None


def fitting(fix: Iterable[str] | None, delta: str, loss: str, space: str) -> dict[str, Any]:
    """How laws are fitted, as keywords of `scalelaw.fit` and of what fits several."""
    return {"fixed": fixed(fix), "delta": threshold(delta), "loss": loss, "space": space}


def columns_of(
    name: str, column: list[str] | None, where: list[str] | None = None, *, need: Iterable[str] = ("loss",)
) -> Mapping[str, Any]:
    """The runs that an argument names, without pandas."""
    from scalelaw import datasets
    from scalelaw.runs import check_columns, read_columns, select

    chosen, wanted = pairs("--column", column, like="N=my_column"), pairs("--where", where, like="dataset=pile")
    if name not in datasets.names():
        _refuse_unknown(name)
        columns = read_columns(name, columns=chosen, need=need)
    else:
        columns = datasets.load_columns(name)
        columns = check_columns(columns, columns=chosen) if chosen else columns
    return select(columns, wanted) if wanted else columns


def _refuse_unknown(name: str) -> None:
    """A name that is neither a path nor a bundled set but resembles one was probably meant to be one."""
    from difflib import get_close_matches
    from pathlib import Path

    from scalelaw import datasets
    from scalelaw.errors import ScalelawError

    near = get_close_matches(name, datasets.names(), n=1)
    if near and not Path(name).exists():
        raise ScalelawError(f"there is no file, folder or bundled set {name!r}; did you mean {near[0]!r}?")


def saved_or_fitted(
    source: str, law: str | None, column: list[str] | None, where: list[str] | None, bootstrap: int, seed: int
) -> Fit:
    """A fit read from its file or, where a law is given, made from runs."""
    if law is not None:
        from scalelaw.fit import fit

        return fit(law, columns_of(source, column, where), bootstrap=bootstrap, rng=seed)
    from scalelaw.datasets import names
    from scalelaw.runs.reading import KINDS

    if source in names() or source.lower().endswith(tuple(KINDS)):
        raise typer.BadParameter(f"{source} holds runs and no fit; give the law to fit to them", param_hint="--law")
    for name, given in (("--bootstrap", bootstrap), ("--column", column), ("--where", where)):
        if given:
            raise typer.BadParameter(
                "a saved fit keeps its runs and its draws; fit again, or give --law and the runs here", param_hint=name
            )
    return saved(source)


def saved(source: str) -> Fit:
    """A fit read from its file, or from standard input."""
    import sys
    from pathlib import Path

    from scalelaw.fit import Fit

    return Fit.from_json(sys.stdin.read() if source == "-" else Path(source))


def combinations(values: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Every combination of the values, as columns."""
    from itertools import product

    return dict(zip(values, map(list, zip(*product(*values.values()), strict=True)), strict=True))
