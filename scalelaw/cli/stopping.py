"""How verbs that train end: done, stopped as asked, or diverged; of several processes the first alone speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from scalelaw.cli import output
from scalelaw.errors import Diverged, Stopped


@contextmanager
def until_stopped() -> Iterator[Callable[[], bool]]:
    """Gives what training asks whether Ctrl-C or SIGTERM want it to stop; once it has, the verb ends as Ctrl-C does."""
    from scalelaw.harness import torchrun
    from scalelaw.harness.signals import stop_on_signals

    try:
        with stop_on_signals(insist=torchrun.processes() == 1) as stop:
            yield stop
    except (Stopped, Diverged) as error:
        if torchrun.rank():  # all processes end so, and one says it
            raise typer.Exit(1) from error
        if isinstance(error, Diverged):
            raise
        output.note(str(error))
        raise KeyboardInterrupt from error
