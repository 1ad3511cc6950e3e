"""What lies at a path: exported tables, folders of runs, or both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scalelaw.errors import RunsError
from scalelaw.importers.logged import Logged
from scalelaw.importers.wandb import exports, offline


def logs(source: Path) -> Iterator[Logged]:
    """Logged runs of a file or of everything in a folder.

    Raises
    ------
    RunsError
        If there is none, or two runs have one name.
    """
    if not source.exists():
        raise RunsError(f"there is no file or folder {source}; name an export of Weights & Biases or its folder wandb")
    found: dict[str, Logged] = {}
    for file in [source] if source.is_file() else _files(source):
        for log in offline.logs(file) if file.suffix == offline.ENDING else exports.logs(file):
            if log.name in found:
                raise RunsError(
                    f"{log.source} and {found[log.name].source} are both of a run {log.name!r}; leave one out, or give "
                    f"the exports a column run"
                )
            found[log.name] = log
    return iter(found.values())


def _files(folder: Path) -> list[Path]:
    """Logs on disk and tables in a folder; what lies beside a log, and hidden files, are neither."""
    visible = [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    logged = [file for file in visible if file.suffix == offline.ENDING]
    homes = {file.parent for file in logged}
    tables = [
        file for file in visible if file.name.lower().endswith(exports.ENDINGS) and not homes.intersection(file.parents)
    ]
    # wandb/latest-run is a link to a folder that is read anyway
    files = list({file.resolve(): file for file in [*logged, *tables]}.values())
    if not files:
        raise RunsError(
            f"{folder} holds no export of Weights & Biases ({', '.join(exports.ENDINGS)}) and no {offline.ENDING} file"
        )
    return files
