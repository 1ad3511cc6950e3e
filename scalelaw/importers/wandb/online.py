"""Runs as the API of Weights & Biases gives them; whoever asks it for them says where and as whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scalelaw.errors import RunsError
from scalelaw.importers.logged import Logged


def logs(runs: Iterable[Any]) -> Iterator[Logged]:
    """Logged runs of ``wandb.Api().runs("entity/project")``; ``scan_history`` is whole, ``history`` is a sample."""
    found = False
    for run in runs:
        found = True
        history = [{name: value for name, value in row.items() if value is not None} for row in run.scan_history()]
        source = f"wandb:{'/'.join(map(str, run.path))}"
        yield Logged(str(run.name), source, history, {k: v for k, v in run.config.items() if not k.startswith("_")})
    if not found:
        raise RunsError("there are no runs; check the project's name and the filters")
