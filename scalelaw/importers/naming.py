"""What the names of a logger's metrics and settings mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from scalelaw.errors import RunsError
from scalelaw.runs.names import fold
from scalelaw.runs.quantities import quantity
from scalelaw.runs.schema import BY_NAME

NUMBERS = ("N", "N_backbone", "P", "D", "C", "seed")
TEXTS = ("dataset",)
STEPS = ("train/global_step", "trainer/global_step", "global_step", "step", "Step", "_step")
"""What counts optimiser steps, the surest first; ``_step`` of Weights & Biases counts calls of ``log``."""

_HELD_OUT = {"eval", "val", "valid", "validation", "test", "heldout", "held"}
_LOSSES = {"loss", "nll", "entropy"}
_TOKENS_OF_TRANSFORMERS = {"num_input_tokens_seen"}


def flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings by names with dots between the levels."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def number(value: Any) -> float | None:
    """A value as a number: quantities such as ``1.6B`` too; None for anything else."""
    if isinstance(value, str):
        value = quantity(value)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    return value.item() if isinstance(value, np.number) else value


def loss_name(names: Iterable[str], asked: str | None, run: str) -> str:
    """The metric that is the held-out loss.

    Raises
    ------
    RunsError
        If it is not there, or several could be meant and none was asked for.
    """
    names = list(names)
    found = sorted(name for name in names if _held_out(name) and _words(name)[-1] in _LOSSES)
    if asked is not None:
        if asked not in names:
            raise RunsError(f"run {run!r} logs no {asked!r}; it logs {_listed(names)}")
        return asked
    if not found:
        raise RunsError(
            f"run {run!r} logs no held-out loss, only {_listed(names)}; name one (loss=, in the shell --loss), "
            f"though a training loss is not the same"
        )
    if len(found) > 1:
        raise RunsError(f"run {run!r} logs {_listed(found)}; name one (loss=, in the shell --loss)")
    return found[0]


def training_loss_name(names: Iterable[str], loss: str) -> str | None:
    """The metric that is the loss in training, where there is one."""
    found = [name for name in names if name != loss and fold(name) in ("train_loss", "loss", "training_loss")]
    return found[0] if len(found) == 1 else None


def step_name(names: Iterable[str], asked: str | None) -> str | None:
    """The metric that counts steps."""
    names = set(names)
    if asked is not None:
        return asked
    return next((name for name in STEPS if name in names), None)


def meant(column: str, known: Mapping[str, Any], run: str) -> Any:
    """The value of a column among metrics and settings, by its name or an alias of it; None where there is none.

    A whole name goes before the last part of one, ``tokens`` before ``train/tokens``.

    Raises
    ------
    RunsError
        If several could be meant, with values that differ.
    """
    read = number if BY_NAME[column].numeric else _text
    parts: tuple[Callable[[str], str], ...] = (str, _last_part)
    for part in parts:
        values = {name: read(known[name]) for name in known if _is(column, part(name)) and not _held_out(name)}
        values = {name: value for name, value in values.items() if value is not None}
        if len(set(values.values())) == 1:
            return next(iter(values.values()))
        if values and column in ("seed", "dataset"):
            return None
        if values:
            raise RunsError(
                f"run {run!r} has {_listed(values)}, each of which could be {column}; choose one with "
                f"--column {column}={next(iter(values))} or columns={{{column!r}: {next(iter(values))!r}}}"
            )
    return None


def _is(column: str, name: str) -> bool:
    if name == column:
        return True
    if len(name) == 1:  # d is as often a width as a number of tokens
        return False
    names = {fold(alias) for alias in BY_NAME[column].aliases} | (_TOKENS_OF_TRANSFORMERS if column == "D" else set())
    names |= {fold(column)} if len(column) > 1 else set()
    return fold(name) in names


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _last_part(name: str) -> str:
    return name.replace("/", ".").rpartition(".")[2]


def _words(name: str) -> list[str]:
    return fold(name).split("_")


def _held_out(name: str) -> bool:
    return not _HELD_OUT.isdisjoint(_words(name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_some(list(names))) or "nothing"


def _some(names: list[str]) -> Iterator[str]:
    yield from map(repr, names[:12])
    if len(names) > 12:
        yield f"and {len(names) - 12} more"
