"""How verbs that train end: done, stopped as asked, or diverged; of several processes the first alone speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from scalelaw.cli import output
from scalelaw.errors import Diverged, ScalelawError, Stopped


@contextmanager
def until_stopped() -> Iterator[Callable[[], bool]]:
    """Gives what training asks whether Ctrl-C or SIGTERM want it to stop; once it has, the verb ends as Ctrl-C does."""
    from scalelaw.harness import torchrun
    from scalelaw.harness.saying import is_said_elsewhere
    from scalelaw.harness.signals import stop_on_signals

    try:
        with stop_on_signals(insist=torchrun.processes() == 1) as stop:
            yield stop
    except ScalelawError as error:
        ends_all = isinstance(error, Stopped | Diverged)
        if (ends_all and torchrun.rank()) or (not ends_all and is_said_elsewhere(str(error))):
            raise typer.Exit(1) from error  # all processes end so, and one says it
        if not isinstance(error, Stopped):
            raise
        output.note(str(error))
        raise KeyboardInterrupt from error
