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
    """Where the functions of a backend are: ``train(cell, folder, *, stop, **options)`` and ``choose(device)``.

    ``together(cells, folders, *, stop, failed, **options)`` trains several cells in one program, where it can.
    """

    train: str
    choose: str
    packages: tuple[str, ...]
    extra: str
    together: str | None = None


TRAINERS = {
    "torch": Trainer("scalelaw.harness.training:train", "scalelaw.harness.devices:choose", ("torch",), "train"),
    "jax": Trainer(
        "scalelaw.harness.jax.training:train",
        "scalelaw.harness.jax.places:choose",
        ("jax", "optax", "torch"),
        "jax",
        "scalelaw.harness.jax.together:train_together",
    ),
}
JAX_DEVICES = ("gpu", "tpu")  # names that torch does not have


def training_function(train: str) -> Callable[..., Any]:
    """The function that trains a cell: a backend's, or ``module:function``.

    Raises
    ------
    MissingExtra
        If a package of the backend is not installed.
    """
    _need_packages(train)
    return _named(TRAINERS[train].train if train in TRAINERS else train)


def together_function(train: str) -> Callable[..., Any]:
    """The function by which a backend trains several cells in one program.

    Raises
    ------
    HarnessError
        If it cannot.
    MissingExtra
        If a package of the backend is not installed.
    """
    backend = TRAINERS.get(train)
    if backend is None or backend.together is None:
        raise HarnessError(f"{train} trains one cell at a time; leave together out, or train with jax")
    _need_packages(train)
    return _named(backend.together)


def checked_trainer(
    train: str,
    *,
    device: str = "auto",
    compile: bool = False,
    together: int = 1,
    devices: int = 1,
    shard: bool = False,
    here: bool = True,
) -> str:
    """The backend that trains, or why no cell could be trained so, without the seconds of importing torch if possible.

    ``auto`` is jax for what jax alone does: cells together, several devices of one process, or one that is named in
    its words (``gpu``, ``tpu``). For all else it is torch, which is the faster of the two on a CPU at
    every width from 32 to 128 (``benchmarks/RESULTS.md``).

    Parameters
    ----------
    here : bool
        Whether this machine is the one that trains, so that the device must be its own.

    Raises
    ------
    HarnessError
        If there is no such backend or device, or the backend cannot do what is asked for.
    MissingExtra
        If a package is not installed.
    """
    if train == "auto":
        train = "jax" if together > 1 or devices > 1 or device in JAX_DEVICES else "torch"
    if train not in TRAINERS and ":" not in train:
        raise HarnessError(f"nothing trains with {train!r}; choose auto, {' or '.join(TRAINERS)}")
    if compile and train == "jax":
        raise HarnessError("compile is for torch, as jax compiles every step anyway; leave it out")
    if shard and train == "jax":
        raise HarnessError("shard is for torch, under torchrun; jax shares a batch with devices instead")
    _check_count("together", together, train, "as torch trains one cell at a time")
    _check_count("devices", devices, train, "as torch shares a batch under torchrun only")
    if find_spec("filelock") is None:
        need("filelock", extra="train", purpose="a sweep")
    _need_packages(train)
    if here:
        check_device(train, device, devices)
    return train


def check_device(train: str, device: str, devices: int = 1) -> None:
    """Refuse devices that this machine does not have.

    Raises
    ------
    HarnessError
        If the backend has no such device here, or not as many.
    """
    if train in TRAINERS and (device != "auto" or devices > 1):
        _named(TRAINERS[train].choose)(device, *([devices] if devices > 1 else []))


def has_device(train: str, device: str, devices: int = 1) -> bool:
    """Whether this machine has the devices."""
    try:
        check_device(train, device, devices)
    except HarnessError:
        return False
    return True


def _need_packages(train: str) -> None:
    """Refuse a backend whose packages are not installed; those that are are not imported."""
    if train not in TRAINERS:
        return
    for package in TRAINERS[train].packages:
        if find_spec(package) is None:
            need(package, extra=TRAINERS[train].extra, purpose=f"training with {train}")


def _check_count(name: str, count: int, train: str, why: str) -> None:
    if count < 1:
        raise HarnessError(f"{name} is {count}; it must be at least 1")
    if count > 1 and train != "jax":
        raise HarnessError(f"{name} is for jax, {why}; leave it out, or train with jax")


def _named(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
