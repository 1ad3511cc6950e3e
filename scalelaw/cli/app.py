"""The `scalelaw` command: its verbs, and how a run of it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import chain
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from scalelaw.cli import output
from scalelaw.errors import ScalelawError

DONE, COULD_NOT, INTERRUPTED = 0, 1, 130

SECTIONS: dict[str, tuple[str, ...]] = {
    "First": ("fit", "compare", "predict", "plot", "explore", "sweep", "datasets", "laws"),
    "How sure, and what is doubtful": ("profile", "calibrate", "diagnose", "sensitivity", "checklist"),
    "Which law": ("tournament", "duel", "extrapolation", "nested", "evidence", "parting", "group"),
    "What follows": (
        "equivalence",
        "allocate",
        "trade",
        "isoflop",
        "suggest",
        "simulate",
        "downstream",
        "plan",
        "cost",
    ),
    "Training": ("corpus", "status", "train", "pretrained", "import"),
    "Published numbers again": ("reproduce", "validate"),
}
"""The verbs as `scalelaw --help` lists them, each a module of this package."""
MODULES = {"import": "importing"}
"""Modules of the verbs that Python has a use of its own for."""
VERBS = tuple(chain.from_iterable(SECTIONS.values()))


class Sections(TyperGroup):
    """A group whose help lists its verbs by `SECTIONS`, each with its first sentence whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  the parent gives it
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=200)) for name in names])


def shell(verbs: Iterable[str] = VERBS) -> typer.Typer:
    """The shell, with some of its verbs: to read the options of all takes longer than most fits."""
    made = typer.Typer(
        name="scalelaw",
        cls=Sections,
        no_args_is_help=True,
        rich_markup_mode=None,  # plain text: quick to start, and the same in a pipe as on a terminal
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    made.callback()(options)
    for name in verbs:
        verb = import_module(f"scalelaw.cli.{MODULES.get(name, name)}")
        if hasattr(verb, "app"):  # has verbs of its own
            made.add_typer(verb.app, name=name)
        else:
            made.command(name)(verb.run)
    return made


def _verbs_of(arguments: Sequence[str]) -> Sequence[str]:
    """The verb that is called; all of them for help, completion, and a word that is none."""
    first = next((each for each in arguments if not each.startswith("-")), None)
    return (first,) if first in VERBS else VERBS


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the shell and exit: 0 done, 1 could not, 2 usage, 130 interrupted, 141 the reader of a pipe has gone."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    sys.exit(_run([each for each in given if each != "--debug"], debug=debug))


def _run(arguments: list[str], *, debug: bool) -> int:
    try:
        code = shell(_verbs_of(arguments))(arguments, prog_name="scalelaw", standalone_mode=False)
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
