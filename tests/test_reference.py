"""What is public is in the reference, and what the reference names is there."""

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PAGES = Path(__file__).parents[1] / "docs" / "reference"
NAMED = re.findall(
    r"^::: (\S+)$", "\n".join(page.read_text(encoding="utf-8") for page in PAGES.glob("*.md")), re.MULTILINE
)
NEEDS = {"harness": "torch", "harness.jax": "optax", "pretrained": "transformers"}
PUBLIC = (
    "",
    "analysis",
    "cost",
    "datasets",
    "explore",
    "fit",
    "importers",
    "plot",
    "reproduce",
    "harness",
    "harness.jax",
    "pretrained",
)
TOLD_ELSEWHERE = {"CLOSED_FORMS", "CORPORA", "MODELS", "PAPER", "expression", "read_values", "round_levels"}
"""Tables of names, and helpers of the shell and of figures."""


def found(name: str) -> Any:
    """The object of a dotted name."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            thing = getattr(thing, part)
        return thing
    raise ImportError(name)


def test_nothing_is_named_twice() -> None:
    assert sorted(set(NAMED)) == sorted(NAMED)


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_in_the_reference(package: str) -> None:
    if package in NEEDS:
        pytest.importorskip(NEEDS[package], reason=f"needs {NEEDS[package]}")
    # what another extra brings is left out, as it may not be installed
    heavy = [f"scalelaw.{each}." for each in NEEDS if not f"{package}.".startswith(f"{each}.")]
    told = [found(name) for name in NAMED if not name.startswith(tuple(heavy))]
    module = importlib.import_module(f"scalelaw.{package}".rstrip("."))
    public = {name: getattr(module, name) for name in module.__all__ if name not in TOLD_ELSEWHERE}
    missing = [
        name
        for name, thing in public.items()
        if not isinstance(thing, ModuleType) and not any(thing is each for each in told)
    ]
    assert missing == []
