"""Where the work of a sweep runs: processes of this machine, a Slurm cluster, a Ray cluster, or anything with `submit`.

An engine is an object with ``submit(fn, *args, **kwargs)`` that returns a future. None is made here: the modules of
this folder adapt ``concurrent.futures``, submitit and Ray, and nothing of a sweep knows which one it runs on.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from scalelaw.errors import HarnessError


class Future(Protocol):
    """One submitted call. Futures of ``concurrent.futures``, Dask and the like are such objects as they are."""

    def done(self) -> bool:
        """Whether the call has ended, well or not; does not wait."""

    def result(self) -> Any:
        """Wait, then return what the function returned or raise what it raised."""

    def exception(self) -> BaseException | None:
        """Wait, then return what the function raised, or None."""

    def cancel(self) -> bool:
        """Take the call back if it has not begun, and say whether that was so. A call that runs is left alone."""


@runtime_checkable
class Engine(Protocol):
    """All that a sweep needs."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Have ``fn(*args, **kwargs)`` called somewhere."""


NAMES = ("local", "slurm", "ray")


def get(
    engine: str | Engine, folder: str | os.PathLike[str], jobs: int = 1, **options: Any
) -> AbstractContextManager[Engine]:
    """The engine of that name, as a context manager. ``with get("local", folder, 2) as engine: engine.submit(work)``.

    At the end of the block every call has ended. When the block is left by an error (a Ctrl-C is one), calls that still
    run are killed, so that nothing runs which nobody waits for; who wants them to end in peace asks and waits before.

    Parameters
    ----------
    engine : {"local", "slurm", "ray"} or object with ``submit``
        An object is taken as it is, and is not closed at the end.
    folder : path
        The folder of the sweep. An engine that writes files writes them into a subfolder of its own name.
    jobs : int
        Number of calls that will be submitted.
    **options
        Options of the engine: see :class:`~scalelaw.harness.engines.local.Local`,
        :class:`~scalelaw.harness.engines.slurm.Slurm` and :class:`~scalelaw.harness.engines.ray.Ray`.

    Raises
    ------
    HarnessError
        If the engine or an option is unknown, or the engine is not to be had here.
    MissingExtra
        If the package of the engine is not installed.

    Examples
    --------
    >>> import math, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, get("local", folder) as engine:
    ...     engine.submit(math.sqrt, 9.0).result()
    3.0
    """
    if not isinstance(engine, str):
        return _as_it_is(engine, options)
    kind = check(engine, jobs, **options)
    needs: dict[str, dict[str, Any]] = {"slurm": {"folder": folder}, "ray": {"jobs": jobs}}
    return kind(**needs.get(engine, {}), **options)


def check(engine: str, jobs: int = 1, **options: Any) -> type[Any]:
    """The class of an engine of that name; nothing is started.

    Raises
    ------
    HarnessError
        If the engine or an option is unknown.
    """
    if engine not in NAMES:
        raise HarnessError(f"there is no engine {engine!r}: choose {', '.join(NAMES)}, or give an object with .submit")
    if jobs < 1:
        raise HarnessError(f"jobs is {jobs}: an engine needs at least 1")
    kind: type[Any] = getattr(import_module(f"{__name__}.{engine}"), engine.capitalize())
    _check_options(engine, kind, options)
    return kind


def _as_it_is(engine: object, options: dict[str, Any]) -> AbstractContextManager[Engine]:
    if not isinstance(engine, Engine):
        kind = type(engine).__name__
        raise HarnessError(f"an object of type {kind} is no engine: choose {', '.join(NAMES)}, or one with .submit")
    if options:
        raise HarnessError(f"the option {next(iter(options))!r} is for an engine by name; set it on the object itself")
    return nullcontext(engine)


def _check_options(engine: str, kind: type, options: dict[str, Any]) -> None:
    parameters = inspect.signature(kind).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return  # the engine knows more options than we do, and checks them
    known = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise HarnessError(f"the engine {engine} has no option {name!r}; it has {', '.join(known)}")
