"""The `scalelaw` command: its verbs, and how a run of it ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from types import ModuleType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from scalelaw.cli import (
    allocate,
    calibrate,
    checklist,
    compare,
    corpus,
    cost,
    datasets,
    diagnose,
    downstream,
    duel,
    equivalence,
    evidence,
    extrapolation,
    fit,
    group,
    isoflop,
    laws,
    nested,
    output,
    parting,
    plan,
    plot,
    predict,
    pretrained,
    profile,
    reproduce,
    sensitivity,
    simulate,
    status,
    suggest,
    sweep,
    tournament,
    trade,
    train,
    validate,
)
from scalelaw.errors import ScalelawError

DONE, COULD_NOT, INTERRUPTED = 0, 1, 130

SECTIONS: dict[str, tuple[ModuleType, ...]] = {
    "First": (fit, compare, predict, plot, sweep, datasets, laws),
    "How sure, and what is doubtful": (profile, calibrate, diagnose, sensitivity, checklist),
    "Which law": (tournament, duel, extrapolation, nested, evidence, parting, group),
    "What follows": (equivalence, allocate, trade, isoflop, suggest, simulate, downstream, plan, cost),
    "Training": (corpus, status, train, pretrained),
    "Published numbers again": (reproduce, validate),
}
"""The verbs as `scalelaw --help` lists them."""


class Sections(TyperGroup):
    """A group whose help lists its verbs by `SECTIONS`, each with its first sentence whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  the parent gives it
        for title, verbs in SECTIONS.items():
            names = [verb.__name__.rpartition(".")[2] for verb in verbs]
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=200)) for name in names])


app = typer.Typer(
    name="scalelaw",
    cls=Sections,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text: quick to start, and the same in a pipe as on a terminal
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for verb in chain.from_iterable(SECTIONS.values()):
    name = verb.__name__.rpartition(".")[2]
    if hasattr(verb, "app"):  # has verbs of its own
        app.add_typer(verb.app, name=name)
    else:
        app.command(name)(verb.run)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the shell and exit: 0 done, 1 could not, 2 usage, 130 interrupted, 141 the reader of a pipe has gone."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    sys.exit(_run([each for each in given if each != "--debug"], debug=debug))


def _run(arguments: list[str], *, debug: bool) -> int:
    try:
        code = app(arguments, prog_name="scalelaw", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        return _failed(error, debug=debug)
    return code if isinstance(code, int) else DONE


def _failed(error: Exception, *, debug: bool) -> int:
    """Say what went wrong, in one sentence unless the traceback was asked for."""
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # a usage error of Typer's, in whichever version
        error.show()
        return int(error.exit_code)
    if debug:
        import traceback

        traceback.print_exception(error)
    elif isinstance(error, ScalelawError):
        for fault in getattr(error, "faults", (error,)):
            output.note(f"Error: {fault}")
    else:
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        output.note(f"Error: this should not have happened ({what}); --debug shows where")
    return COULD_NOT


def _version(wanted: bool) -> None:
    if wanted:
        from scalelaw._version import __version__

        typer.echo(f"scalelaw {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """From a table of training runs to a scaling law, an interval and a figure.

    The result goes to standard output, everything else to standard error. Exit status: 0 done, 1 could not, 2 usage.

    Example: scalelaw fit parscale-pile --law parscale --bootstrap 1000 -o fit.json
    """
