"""What trains a cell, by name, and what would stop every cell alike and is therefore asked before any is begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from scalelaw.errors import HarnessError
from scalelaw.extras import need


@dataclass(frozen=True)
class Trainer:
    """Where the functions of a backend are: ``train(cell, folder, *, stop, **options)`` and ``choose(device)``."""

    train: str
    choose: str
    packages: tuple[str, ...]
    extra: str


TRAINERS = {
    "torch": Trainer("scalelaw.harness.training:train", "scalelaw.harness.devices:choose", ("torch",), "train"),
    "jax": Trainer(
        "scalelaw.harness.jax.training:train",
        "scalelaw.harness.jax.training:choose",
        ("jax", "optax", "torch"),
        "jax",
    ),
}


def training_function(train: str) -> Callable[..., Any]:
    """The function that trains a cell: a backend's, or ``module:function``.

    Raises
    ------
    HarnessError
        If there is no such backend.
    """
    return _named(TRAINERS[train].train if train in TRAINERS else train)


def check_trainer(train: str, *, device: str = "auto", compile: bool = False, here: bool = True) -> None:
    """Refuse what no cell could be trained with, without the seconds that torch takes to import where that can be.

    Parameters
    ----------
    here : bool
        Whether this machine is the one that trains, so that the device must be its own.

    Raises
    ------
    HarnessError
        If there is no such backend or device, or the backend compiles in its own way.
    MissingExtra
        If a package is not installed.
    """
    if train not in TRAINERS and ":" not in train:
        raise HarnessError(f"nothing trains with {train!r}; choose {' or '.join(TRAINERS)}")
    if compile and train == "jax":
        raise HarnessError("compile is for torch, as jax compiles every step anyway; leave it out")
    backend = TRAINERS.get(train)
    for package in ("filelock", *(backend.packages if backend else ())):
        if find_spec(package) is None:
            need(package, extra=backend.extra if backend else "train", purpose="a sweep")
    if here:
        check_device(train, device)


def check_device(train: str, device: str) -> None:
    """Refuse a device that this machine does not have.

    Raises
    ------
    HarnessError
        If the backend has no such device here.
    """
    if train in TRAINERS and device != "auto":
        _named(TRAINERS[train].choose)(device)


def _named(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
